// The four LR samples around the display pixel's centre. Weights in float32: texture units round them to 1/256.
#include "common/half.glsl"
uniform sampler2D colour;
uniform vec2 renderPerDisplay;
uniform vec2 jitter;  // LR pixels
out vec4 result;

void main() {
    ivec2 last = textureSize(colour, 0) - 1;
    vec2 position = clamp(gl_FragCoord.xy * renderPerDisplay - jitter - 0.5, vec2(0.0), vec2(last));
    ivec2 low = ivec2(position);
    ivec2 high = min(low + 1, last);
    vec2 f = position - vec2(low);
    vec3 upper = mix(texelFetch(colour, low, 0).rgb, texelFetch(colour, ivec2(high.x, low.y), 0).rgb, f.x);
    vec3 lower = mix(texelFetch(colour, ivec2(low.x, high.y), 0).rgb, texelFetch(colour, high, 0).rgb, f.x);
    result = vec4(toHalf(max(mix(upper, lower, f.y), 0.0)), 1.0);
}
