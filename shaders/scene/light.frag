// Lighting pass: adds the light that every visible opaque surface reflects to its emission.
#include "scene/blocks.glsl"
#include "scene/gbuffer.glsl"
#include "scene/lighting.glsl"

layout(binding = 0) uniform sampler2D depthMap;
layout(binding = 1) uniform sampler2D baseMap;
layout(binding = 2) uniform sampler2D normalMap;
uniform int extraSamples;  // shading load: light samples that cost much and add next to nothing

out vec4 out_colour;

#include "scene/load.glsl"

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    vec4 packed_ = texelFetch(normalMap, pixel, 0);
    float code = floor(packed_.w * 65535.0 + 0.5);
    if (code == UNLIT_CODE) discard;
    vec4 base = texelFetch(baseMap, pixel, 0);
    vec3 ray = worldRay(gl_FragCoord.xy);
    vec3 position = cameraPosition.xyz + ray * (cameraPosition.w / texelFetch(depthMap, pixel, 0).r);
    float lobeIndex = floor(code / 256.0);
    float occlusion = (code - 256.0 * lobeIndex) / 255.0;
#ifdef LOBES
    Lobes lobes = readLobes(int(lobeIndex));
#else
    Lobes lobes = plainLobes();
#endif
    Point p = pointOf(position, octDecode(packed_.xy * 2.0 - 1.0), -normalize(ray), base.rgb * base.rgb, base.a,
                      packed_.z, lobes);
    Shading light = lightPoint(p, lobes, occlusion);
    vec3 colour = light.diffuse + light.specular;
    if (extraSamples > 0) colour += shadingLoad(p, lobes, extraSamples);
    out_colour = vec4(colour, 0.0);
}
