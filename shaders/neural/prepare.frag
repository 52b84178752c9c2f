// LR: this frame's samples, exposed and compressed, in YCoCg; and a copy of the depth, which the next frame needs.
#include "neural/colour.glsl"
#include "neural/kept.glsl"

uniform sampler2D colour;  // scene-linear before exposure
uniform sampler2D depth;   // reversed
uniform float exposure;

layout(location = 0) out vec4 sampleColour;
layout(location = 1) out float depthCopy;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    vec3 exposed = clamp(texelFetch(colour, pixel, 0).rgb, 0.0, 65504.0) * exposure;
    sampleColour = kept(vec4(rgbToYCoCg(rangeCompress(exposed, ACCUMULATION_KNEE)), 1.0));
    depthCopy = texelFetch(depth, pixel, 0).r;
}
