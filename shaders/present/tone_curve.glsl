// Scene-linear Rec.709 after exposure to display-linear [0, 1].
// Filmic: Stephen Hill's fit of ACES RRT + sRGB ODT (BakingLab, 2016): matrices into and out of the tone-mapping
// primaries around a rational curve. It desaturates highlights the way film does and keeps mid-grey near 0.18
// with the usual 1/0.6 pre-scale left to the exposure.
const mat3 TONE_IN = mat3(0.59719, 0.07600, 0.02840, 0.35458, 0.90834, 0.13383, 0.04823, 0.01566, 0.83777);
const mat3 TONE_OUT = mat3(1.60475, -0.10208, -0.00327, -0.53108, 1.10813, -0.07276, -0.07367, -0.00605, 1.07602);

vec3 filmicCurve(vec3 c) {
    vec3 v = TONE_IN * c;
    vec3 a = v * (v + 0.0245786) - 0.000090537;
    vec3 b = v * (0.983729 * v + 0.4329510) + 0.238081;
    return clamp(TONE_OUT * (a / b), 0.0, 1.0);
}

vec3 srgbEncode(vec3 c) {
    return mix(12.92 * c, 1.055 * pow(max(c, vec3(0.0031308)), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
