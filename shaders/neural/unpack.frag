// LR: the network's output tensor to parameter textures, activations applied, so that display pixels get them by
// hardware interpolation. Torch twin: activate() in models/temporal/postpass.py.
#include "neural/kept.glsl"
#include "neural/tensor.glsl"

uniform int paddedWidth;
uniform float historyScale;  // history pixels per display pixel

layout(std430, binding = 0) readonly buffer Parameters { EIGHT_HALVES parameters[]; };

layout(location = 0) out vec4 kernel;   // Cholesky xx, xy, yy; interpolation
layout(location = 1) out vec4 history;  // gain, keep, gamma, sharpness
layout(location = 2) out vec4 fetch;    // mix, offset x, y; reject
layout(location = 3) out vec4 hidden;

float sigmoid(float x) { return 1.0 / (1.0 + exp(-x)); }

// Written out, since tanh(x) of large x is not reliable on every driver.
float bounded(float x) { return 2.0 / (1.0 + exp(-2.0 * x)) - 1.0; }

void main() {
    float steepest = CHOLESKY_SPAN * historyScale;
    int first = (int(gl_FragCoord.y) * paddedWidth + int(gl_FragCoord.x)) * (OUTPUT_COUNT / 8);
    float raw[OUTPUT_COUNT];
    for (int i = 0; i < OUTPUT_COUNT / 8; ++i) {
        vec4 even, odd;
        unpackEight(parameters[first + i], even, odd);
        for (int k = 0; k < 4; ++k) {
            raw[i * 8 + k * 2] = clamp(even[k], -30.0, 30.0);
            raw[i * 8 + k * 2 + 1] = clamp(odd[k], -30.0, 30.0);
        }
    }
    kernel = kept(vec4(
        CHOLESKY_LOW + steepest * sigmoid(raw[OUT_CHOLESKY_XX]), SHEAR_SPAN * bounded(raw[OUT_CHOLESKY_XY]),
        CHOLESKY_LOW + steepest * sigmoid(raw[OUT_CHOLESKY_YY]), sigmoid(raw[OUT_INTERPOLATION])));
    history = kept(vec4(
        GAIN_SPAN * sigmoid(raw[OUT_GAIN]), sigmoid(raw[OUT_KEEP]),
        exp2(GAMMA_OCTAVES * bounded(raw[OUT_GAMMA])), SHARPNESS_SPAN * sigmoid(raw[OUT_SHARPNESS])));
    fetch = kept(vec4(
        sigmoid(raw[OUT_FETCH_MIX]), OFFSET_SPAN * bounded(raw[OUT_OFFSET_X]), OFFSET_SPAN * bounded(raw[OUT_OFFSET_Y]),
        sigmoid(raw[OUT_REJECT])));
    hidden = kept(vec4(
        bounded(raw[OUT_HIDDEN_0]), bounded(raw[OUT_HIDDEN_1]), bounded(raw[OUT_HIDDEN_2]), bounded(raw[OUT_HIDDEN_3])));
}
