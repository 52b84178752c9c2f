// How a surface travels from the geometry pass to the lighting pass.
vec2 octEncode(vec3 n) {
    n /= abs(n.x) + abs(n.y) + abs(n.z);
    return n.z >= 0.0 ? n.xy : (1.0 - abs(n.yx)) * vec2(n.x >= 0.0 ? 1.0 : -1.0, n.y >= 0.0 ? 1.0 : -1.0);
}

vec3 octDecode(vec2 e) {
    vec3 n = vec3(e, 1.0 - abs(e.x) - abs(e.y));
    float fold = max(-n.z, 0.0);
    n.xy += vec2(n.x >= 0.0 ? -fold : fold, n.y >= 0.0 ? -fold : fold);
    return normalize(n);
}

const float UNLIT_CODE = 65535.0;

// Occlusion in the low byte, lobe index in the high byte of a 16-bit channel.
float packOcclusionLobe(float occlusion, float lobe) {
    return (floor(clamp(occlusion, 0.0, 1.0) * 255.0 + 0.5) + 256.0 * lobe) / 65535.0;
}
