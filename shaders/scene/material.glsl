// What a material says about a point: factors, textures, normal map. Slots: base, metal-rough, normal, occlusion,
// emissive.
layout(std140, binding = 3) uniform MaterialBlock {
    vec4 baseColour;
    vec4 emissiveCutoff;   // emissive rgb, alpha cutoff
    vec4 metalRough;       // metallic, roughness, normal scale, occlusion strength
    vec4 transparency;     // transmission, reactive, lobe index / 255, 0
    vec4 uvScroll;         // per second
    vec4 uvMatrix[5];
    vec4 uvOffset[5];      // offset, texture coordinate set
};

#ifdef BASE_MAP
layout(binding = 0) uniform sampler2D baseMap;
#endif
#ifdef METAL_ROUGH_MAP
layout(binding = 1) uniform sampler2D metalRoughMap;
#endif
#ifdef NORMAL_MAP
layout(binding = 2) uniform sampler2D normalMap;
#endif
#ifdef OCCLUSION_MAP
layout(binding = 3) uniform sampler2D occlusionMap;
#endif
#ifdef EMISSIVE_MAP
layout(binding = 4) uniform sampler2D emissiveMap;
#endif

#ifdef USE_UV0
in vec2 v_uv0;
#endif
#ifdef USE_UV1
in vec2 v_uv1;
#endif

struct Surface {
    vec3 base;
    float alpha;
    float metallic;
    float roughness;
    float occlusion;
    vec3 emissive;
};

#ifdef USE_UV0
vec2 slotUv(int slot) {
#ifdef USE_UV1
    vec2 uv = uvOffset[slot].z > 0.5 ? v_uv1 : v_uv0;
#else
    vec2 uv = v_uv0;
#endif
#ifdef UV_TRANSFORM
    uv = vec2(dot(uvMatrix[slot].xy, uv), dot(uvMatrix[slot].zw, uv)) + uvOffset[slot].xy;
    uv += fract(uvScroll.xy * jitterTime.z);
#endif
    return uv;
}
#endif

#ifdef SOFTWARE_ANISOTROPY
// Where the pixel's footprint is longer than wide, the mip level lies between the one for its length and the one for
// its width (at most one level finer): what little of anisotropic filtering a software renderer can afford.
vec4 stretchedTexture(sampler2D map, vec2 uv, float bias) {
    vec2 dx = dFdx(uv), dy = dFdy(uv);
    float x2 = dot(dx, dx), y2 = dot(dy, dy);
    float stretch = clamp(min(x2, y2) / max(max(x2, y2), 1e-20), 1.0 / 16.0, 1.0);
    return texture(map, uv, bias + 0.25 * log2(stretch));
}
#else
#define stretchedTexture texture
#endif

vec4 baseAndAlpha(float bias) {
    vec4 base = baseColour;
#ifdef BASE_MAP
    base *= stretchedTexture(baseMap, slotUv(0), bias);
#endif
    return base;
}

Surface readSurface(float bias) {
    Surface s;
    vec4 base = baseAndAlpha(bias);
    s.base = base.rgb;
    s.alpha = base.a;
    s.metallic = metalRough.x;
    s.roughness = metalRough.y;
    s.occlusion = 1.0;
#ifdef METAL_ROUGH_MAP
    vec4 orm = texture(metalRoughMap, slotUv(1), bias);
    s.metallic *= orm.b;
    s.roughness *= orm.g;
#ifdef OCCLUSION_IN_METAL_ROUGH
    s.occlusion = mix(1.0, orm.r, metalRough.w);
#endif
#endif
#ifdef OCCLUSION_MAP
    s.occlusion = mix(1.0, texture(occlusionMap, slotUv(3), bias).r, metalRough.w);
#endif
    s.emissive = emissiveCutoff.rgb;
#ifdef EMISSIVE_MAP
    s.emissive *= texture(emissiveMap, slotUv(4), bias).rgb;
#endif
    s.roughness = clamp(s.roughness, 0.045, 1.0);
    return s;
}
