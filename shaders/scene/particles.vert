// Camera-facing quads, one instance a particle.
#include "scene/blocks.glsl"

in vec4 in_centreSize;
in vec4 in_tint;
in vec3 in_previousCentre;

out vec2 v_corner;
out vec4 v_tint;
out vec3 v_previousClip;

void main() {
    v_corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    v_tint = in_tint;
    vec3 offset = (normalize(rayRight.xyz) * v_corner.x + normalize(rayDown.xyz) * v_corner.y) * in_centreSize.w * 0.5;
    v_previousClip = (previousViewProjection * vec4(in_previousCentre + offset, 1.0)).xyw;
    gl_Position = viewProjection * vec4(in_centreSize.xyz + offset, 1.0);
#ifdef CLIPPED
    gl_ClipDistance[0] = dot(clipPlane, vec4(in_centreSize.xyz + offset, 1.0));
#endif
}
