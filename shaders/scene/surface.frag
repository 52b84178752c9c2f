// Geometry pass: what the lighting pass needs of every visible opaque surface, its emission and its motion.
#include "scene/blocks.glsl"
#include "scene/motion.glsl"
#include "scene/material.glsl"
#include "scene/normal.glsl"
#include "scene/gbuffer.glsl"

in vec3 v_world;
in vec3 v_previousClip;
#ifdef USE_COLOUR
in vec4 v_colour;
#endif

layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec2 out_motion;
layout(location = 2) out float out_reactive;
layout(location = 3) out vec4 out_base;
layout(location = 4) out vec4 out_normal;

void main() {
    float bias = jitterTime.w;
    Surface s = readSurface(bias);
#ifdef USE_COLOUR
    s.base *= v_colour.rgb;
    s.alpha *= v_colour.a;
#endif
#ifdef ALPHA_MASK
    if (s.alpha < emissiveCutoff.a) discard;
#endif
    out_motion = motionTo(v_previousClip);
    out_reactive = transparency.y;
#ifdef UNLIT
    out_colour = vec4(s.base + s.emissive, 1.0);
    out_base = vec4(0.0);
    out_normal = vec4(0.0, 0.0, 1.0, 1.0);
#else
    out_colour = vec4(s.emissive, 1.0);
    out_base = vec4(sqrt(s.base), s.metallic);
    out_normal = vec4(octEncode(shadingNormal(v_world, bias)) * 0.5 + 0.5, s.roughness,
                      packOcclusionLobe(s.occlusion, transparency.z * 255.0));
#endif
}
