// LR: this frame's samples, exposed and compressed, in YCoCg; and depth, motion and cover, which the next frame needs.
#include "neural/colour.glsl"
#include "neural/kept.glsl"
#include "upscale/occlusion.glsl"

uniform sampler2D colour;  // scene-linear before exposure
uniform sampler2D depth;   // reversed
uniform sampler2D motion;  // current -> previous, LR pixels
uniform sampler2D reactive;
uniform float exposure;

layout(location = 0) out vec4 sampleColour;
layout(location = 1) out vec4 surface;  // depth, own motion, cover (upscale/occlusion.glsl)

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    vec3 exposed = clamp(texelFetch(colour, pixel, 0).rgb, 0.0, 65504.0) * exposure;
    sampleColour = kept(vec4(rgbToYCoCg(rangeCompress(exposed, ACCUMULATION_KNEE)), 1.0));
    surface = vec4(texelFetch(depth, pixel, 0).r, texelFetch(motion, pixel, 0).rg, coverAt(reactive, pixel));
}
