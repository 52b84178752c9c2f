// Image space at the display's pixels. BICUBIC: interpolated by Catmull-Rom (Keys 1981, a = -0.5), edges repeated, at
// gl_FragCoord * scale - shift; otherwise pixel by pixel. DECODE: back to scene-linear before exposure.
// Torch twin: models/network/image_model.py, models/network/resample.py.
#include "common/colour.glsl"
#include "common/half.glsl"
uniform sampler2D image;
#if BICUBIC
uniform vec2 scale;  // image pixels per display pixel
uniform vec2 shift;  // image pixels
#endif
#if DECODE
uniform float exposure;
#endif
out vec4 result;

#if BICUBIC
vec4 weights(float f) {
    return vec4(f * (f * (1.0 - 0.5 * f) - 0.5), 1.0 + f * f * (1.5 * f - 2.5), f * (0.5 + f * (2.0 - 1.5 * f)),
                f * f * (0.5 * f - 0.5));
}

vec3 sampled() {
    vec2 position = gl_FragCoord.xy * scale - shift - 0.5;
    ivec2 low = ivec2(floor(position)), last = textureSize(image, 0) - 1;
    vec4 across = weights(position.x - float(low.x)), down = weights(position.y - float(low.y));
    ivec4 columns = clamp(low.x + ivec4(-1, 0, 1, 2), 0, last.x);
    vec3 sum = vec3(0.0);
    for (int i = 0; i < 4; ++i) {
        int y = clamp(low.y + i - 1, 0, last.y);
        vec3 row = vec3(0.0);
        for (int k = 0; k < 4; ++k) row += across[k] * texelFetch(image, ivec2(columns[k], y), 0).rgb;
        sum += down[i] * row;
    }
    return sum;
}
#else
vec3 sampled() { return texelFetch(image, ivec2(gl_FragCoord.xy), 0).rgb; }
#endif

void main() {
    vec3 c = sampled();
#if DECODE
    c = clamp(c, 0.0, LIMIT);
    result = vec4(toHalf(rangeExpand(c * c, KNEE) / exposure), 1.0);
#else
    result = vec4(toHalf(c), 0.0);
#endif
}
