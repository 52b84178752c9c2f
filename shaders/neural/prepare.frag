// LR: this frame's samples, exposed and compressed, in YCoCg, and whether they are bare; and depth, motion and cover,
// which the next frame needs.
#include "neural/colour.glsl"
#include "neural/kept.glsl"
#include "upscale/occlusion.glsl"

uniform sampler2D colour;  // scene-linear before exposure
uniform sampler2D depth;   // reversed
uniform sampler2D motion;  // current -> previous, LR pixels
uniform sampler2D reactive;
uniform sampler2D lastSurface;  // of the frame before
uniform float exposure;
uniform vec2 jitter;
uniform vec2 lastJitter;
uniform float hasHistory;

layout(location = 0) out vec4 sampleColour;  // and bare (upscale/occlusion.glsl)
layout(location = 1) out vec4 surface;  // depth, own motion, cover (upscale/occlusion.glsl)

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    vec3 exposed = clamp(texelFetch(colour, pixel, 0).rgb, 0.0, 65504.0) * exposure;
    vec2 own = texelFetch(motion, pixel, 0).rg;
    bool masked = textureSize(reactive, 0) != ivec2(1);  // one pixel stands for no mask
    float cover = masked ? coverAt(reactive, pixel) : 0.0, bare = 1.0;
    if (masked && hasHistory > 0.5) bare = bareSince(lastSurface, vec2(pixel) + jitter + own - lastJitter, cover);
    sampleColour = kept(vec4(rgbToYCoCg(rangeCompress(exposed, ACCUMULATION_KNEE)), bare));
    surface = vec4(texelFetch(depth, pixel, 0).r, own, cover);
}
