#define USE_NORMAL
#define USE_MOTION
#include "scene/vertex.glsl"

out vec3 v_world;
out vec3 v_previousClip;  // x, y, w
out vec3 v_normal;
#ifdef USE_TANGENT
out vec4 v_tangent;
#endif
#ifdef USE_UV0
out vec2 v_uv0;
#endif
#ifdef USE_UV1
out vec2 v_uv1;
#endif
#ifdef USE_COLOUR
out vec4 v_colour;
#endif

void main() {
    Placed placed = placeVertex();
    v_world = placed.position;
    v_previousClip = (previousViewProjection * vec4(placed.previous, 1.0)).xyw;
    v_normal = placed.normal;
#ifdef USE_TANGENT
    v_tangent = vec4(placed.tangent, in_tangent.w);
#endif
#ifdef USE_UV0
    v_uv0 = in_uv0;
#endif
#ifdef USE_UV1
    v_uv1 = in_uv1;
#endif
#ifdef USE_COLOUR
    v_colour = in_colour;
#endif
    gl_Position = viewProjection * vec4(placed.position, 1.0);
#ifdef CLIPPED
    gl_ClipDistance[0] = dot(clipPlane, vec4(placed.position, 1.0));
#endif
}
