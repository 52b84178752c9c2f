// Glass and other blended surfaces over the lit scene: premultiplied colour, and how little history to trust there.
#include "scene/blocks.glsl"
#include "scene/material.glsl"
#include "scene/normal.glsl"
#include "scene/gbuffer.glsl"
#include "scene/lighting.glsl"

in vec3 v_world;
in vec3 v_previousClip;
#ifdef USE_COLOUR
in vec4 v_colour;
#endif

layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_reactive;

void main() {
    float bias = jitterTime.w;
    Surface s = readSurface(bias);
#ifdef USE_COLOUR
    s.base *= v_colour.rgb;
    s.alpha *= v_colour.a;
#endif
    float opaque = s.alpha;
    vec3 colour = s.base * s.alpha;
    float sheen = 0.0;
#ifndef UNLIT
#ifdef LOBES
    Lobes lobes = readLobes(int(transparency.z * 255.0 + 0.5));
#else
    Lobes lobes = plainLobes();
#endif
    vec3 view = normalize(cameraPosition.xyz - v_world);
    vec3 n = shadingNormal(v_world, bias);
    Point p = pointOf(v_world, n, view, s.base, s.metallic, s.roughness, lobes);
    Shading light = lightPoint(p, lobes, s.occlusion);
    // What is transmitted is the picture behind, which blending dims by the mean of the tint: an approximation, for
    // coloured glass ought to tint it.
    float passed = transparency.x * (1.0 - s.metallic);
    opaque *= 1.0 - passed * dot(s.base, vec3(1.0 / 3.0));
    float fresnel = dot(p.f0 + (p.f90 - p.f0) * pow5(1.0 - p.nv), vec3(1.0 / 3.0));
    colour = light.diffuse * s.alpha * (1.0 - passed) + light.specular;
    opaque = clamp(opaque + fresnel * (1.0 - opaque), 0.0, 1.0);
    sheen = clamp(dot(light.specular, vec3(1.0 / 3.0)), 0.0, 1.0);
#endif
    out_colour = vec4(colour + s.emissive, opaque);
    float reactive = max(transparency.y, 0.9 * max(opaque, sheen));
    out_reactive = vec4(reactive, 0.0, 0.0, reactive);
}
