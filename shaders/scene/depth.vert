// Depth alone, for the shadow map: `viewProjection` is the sun's.
#define USE_POSITION_ONLY
#include "scene/vertex.glsl"
#ifdef USE_UV0
out vec2 v_uv0;
#endif
#ifdef USE_UV1
out vec2 v_uv1;
#endif
uniform mat4 sunProjection;

void main() {
#ifdef USE_UV0
    v_uv0 = in_uv0;
#endif
#ifdef USE_UV1
    v_uv1 = in_uv1;
#endif
    gl_Position = sunProjection * vec4(placeVertex().position, 1.0);
}
