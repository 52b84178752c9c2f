// One axis of a separable Lanczos-3 resize (Duchon 1979). AXIS 0 goes from LR colour to a range-compressed image of
// display width, AXIS 1 from that to the display. Ringing is cut by holding the result between the two samples
// around it; compression before filtering keeps highlights from ringing over everything near.
#include "common/colour.glsl"
#include "common/half.glsl"
uniform sampler2D image;
uniform float renderPerDisplay;
uniform float jitter;  // LR pixels
uniform float exposure;
out vec4 result;

const float PI = 3.14159265358979;

vec3 fetch(ivec2 place) {
    vec3 c = texelFetch(image, place, 0).rgb;
    return AXIS == 0 ? rangeCompress(max(c, 0.0) * exposure, KNEE) : c;
}

void main() {
    ivec2 place = ivec2(gl_FragCoord.xy);
    int last = textureSize(image, 0)[AXIS] - 1;
    float position = gl_FragCoord[AXIS] * renderPerDisplay - jitter - 0.5;
    int low = int(floor(position));
    float f = position - float(low);
    // sin(pi (f - k)) and sin(pi (f - k) / 3) for all six taps from three sines.
    float sine = sin(PI * f), third = sin(PI / 3.0 * f), thirdCos = cos(PI / 3.0 * f);
    vec3 sum = vec3(0.0), least = vec3(1e30), most = vec3(-1e30);
    float total = 0.0;
    for (int i = 0; i < 6; ++i) {
        int k = i - 2;
        float t = f - float(k);
        float lobe = third * cos(PI / 3.0 * float(k)) - thirdCos * sin(PI / 3.0 * float(k));
        float numerator = ((k & 1) == 0 ? sine : -sine) * lobe * 3.0;
        float weight = abs(t) < 1e-3 ? 1.0 : numerator / (PI * PI * t * t);
        place[AXIS] = clamp(low + k, 0, last);
        vec3 c = fetch(place);
        sum += weight * c;
        total += weight;
        if (k == 0 || k == 1) {
            least = min(least, c);
            most = max(most, c);
        }
    }
    vec3 c = clamp(sum / total, least, most);
    result = vec4(toHalf(AXIS == 0 ? c : rangeExpand(c, KNEE) / exposure), 1.0);
}
