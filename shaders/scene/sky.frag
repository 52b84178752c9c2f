// The environment where nothing stands, with the motion that the camera's rotation gives it.
#include "scene/blocks.glsl"
#include "scene/motion.glsl"
#include "scene/gbuffer.glsl"

layout(binding = 0) uniform sampler2D skyMap;  // latitude-longitude, row 0 at the zenith

layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec2 out_motion;
layout(location = 2) out float out_reactive;
layout(location = 3) out vec4 out_base;
layout(location = 4) out vec4 out_normal;

void main() {
    vec3 ray = normalize(worldRay(gl_FragCoord.xy));
    vec2 uv = vec2(atan(ray.x, -ray.z) * 0.15915494 + 0.5, acos(clamp(ray.y, -1.0, 1.0)) * 0.31830989);
    out_colour = vec4(textureLod(skyMap, uv, 0.0).rgb * environment.x, 1.0);
    out_motion = motionTo((previousViewProjection * vec4(ray, 0.0)).xyw);
    out_reactive = 0.0;
    out_base = vec4(0.0);
    out_normal = vec4(0.0, 0.0, 1.0, 1.0);
}
