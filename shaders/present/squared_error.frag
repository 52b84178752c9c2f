// The squared error of a picture against its reference, summed over blocks of BLOCK x BLOCK pixels and three channels,
// as app/measure/image_metrics.py has it: exposure, clip, sRGB, no tone curve; what is not a number counts as black.
#include "present/tone_curve.glsl"
uniform sampler2D picture;  // linear, before exposure, both of one size
uniform sampler2D reference;
uniform float exposure;
out float result;

vec3 displayed(sampler2D image, ivec2 at) {
    vec3 c = texelFetch(image, at, 0).rgb;
    c = mix(c, vec3(0.0), isnan(c));
    return srgbEncode(clamp(c * exposure, 0.0, 1.0));
}

void main() {
    ivec2 size = textureSize(picture, 0);
    ivec2 start = ivec2(gl_FragCoord.xy) * BLOCK;
    ivec2 end = min(start + BLOCK, size);
    result = 0.0;
    for (int y = start.y; y < end.y; y++)
        for (int x = start.x; x < end.x; x++) {
            vec3 error = displayed(picture, ivec2(x, y)) - displayed(reference, ivec2(x, y));
            result += dot(error, error);
        }
}
