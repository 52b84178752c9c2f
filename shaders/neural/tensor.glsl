// The network's tensors, NHWC half floats in storage buffers: eight channels an element, as two vectors of the even and
// the odd ones. Needs SOFTWARE_RENDERER.
#if SOFTWARE_RENDERER

// Mesa's llvmpipe writes and reads storage word by word and pixel by pixel: half as many steps with words twice as wide.
#define EIGHT_HALVES dvec2

// To nearest, ties to even. Mesa spells packHalf2x16 out in twice as many instructions; what NaN becomes is not kept.
uvec4 halfBits(vec4 v) {
    uvec4 bits = floatBitsToUint(v), magnitude = bits & 0x7FFFFFFFu;
    uvec4 normal = (magnitude + 0xC8000FFFu + ((bits >> 13) & 1u)) >> 13;
    uvec4 small = floatBitsToUint(uintBitsToFloat(magnitude) + 0.5) - 0x3F000000u;  // below 2^-14: multiples of 2^-24
    bvec4 isSmall = lessThan(magnitude, uvec4(0x38800000u));
    return floatBitsToUint(mix(uintBitsToFloat(normal), uintBitsToFloat(small), isSmall)) | ((bits >> 16) & 0x8000u);
}

// `bits` has the half floats in its low words.
vec4 fromHalfBits(uvec4 bits) {
    uvec4 magnitude = (bits & 0x7FFFu) << 13;
    vec4 normal = uintBitsToFloat(magnitude + 0x38000000u);
    vec4 small = uintBitsToFloat(magnitude + 0x38800000u) - uintBitsToFloat(0x38800000u);
    vec4 size = mix(normal, small, lessThan(magnitude, uvec4(0x00800000u)));
    return uintBitsToFloat(floatBitsToUint(size) | ((bits & 0x8000u) << 16));
}

uvec4 packWords(vec4 even, vec4 odd) { return halfBits(even) | (halfBits(odd) << 16); }

void unpackWords(uvec4 words, out vec4 even, out vec4 odd) {
    even = fromHalfBits(words);
    odd = fromHalfBits(words >> 16);
}

EIGHT_HALVES packEight(vec4 even, vec4 odd) {
    uvec4 words = packWords(even, odd);
    return dvec2(packDouble2x32(words.xy), packDouble2x32(words.zw));
}

void unpackEight(EIGHT_HALVES eight, out vec4 even, out vec4 odd) {
    unpackWords(uvec4(unpackDouble2x32(eight.x), unpackDouble2x32(eight.y)), even, odd);
}

#else

#define EIGHT_HALVES uvec4
#define packEight packWords
#define unpackEight unpackWords

uvec4 packWords(vec4 even, vec4 odd) {
    return uvec4(
        packHalf2x16(vec2(even.x, odd.x)), packHalf2x16(vec2(even.y, odd.y)),
        packHalf2x16(vec2(even.z, odd.z)), packHalf2x16(vec2(even.w, odd.w)));
}

void unpackWords(uvec4 eight, out vec4 even, out vec4 odd) {
    vec2 a = unpackHalf2x16(eight.x), b = unpackHalf2x16(eight.y), c = unpackHalf2x16(eight.z), d = unpackHalf2x16(eight.w);
    even = vec4(a.x, b.x, c.x, d.x);
    odd = vec4(a.y, b.y, c.y, d.y);
}

#endif
