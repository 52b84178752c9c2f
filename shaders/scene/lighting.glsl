// Light from the sun, punctual lights and the environment on a metallic-roughness surface.
#ifdef SHADOWS
layout(binding = 5) uniform sampler2DShadow staticShadowMap;
layout(binding = 7) uniform sampler2DShadow movingShadowMap;
#endif
layout(binding = 6) uniform sampler2DArray specularMap;  // octahedral, one layer a step of roughness

const float PI = 3.14159265;

struct Lobes {
    vec3 f0;        // dielectric reflectance at normal incidence
    float f90;
    float clearcoat;
    float clearcoatRoughness;
    vec3 sheen;
    float sheenRoughness;
    float mirror;
};

Lobes plainLobes() { return Lobes(vec3(0.04), 1.0, 0.0, 0.0, vec3(0.0), 0.0, 0.0); }

#ifdef LOBES
layout(std140, binding = 4) uniform LobeTable { vec4 lobeTable[MAX_LOBES * 3]; };

Lobes readLobes(int index) {
    vec4 a = lobeTable[index * 3], b = lobeTable[index * 3 + 1], c = lobeTable[index * 3 + 2];
    return Lobes(a.rgb, a.a, b.x, b.y, c.rgb, b.z, b.w);
}
#endif

vec3 irradiance(vec3 n) {
    return max(irradianceSh[0].rgb + irradianceSh[1].rgb * n.y + irradianceSh[2].rgb * n.z + irradianceSh[3].rgb * n.x
             + irradianceSh[4].rgb * (n.x * n.y) + irradianceSh[5].rgb * (n.y * n.z)
             + irradianceSh[6].rgb * (3.0 * n.z * n.z - 1.0) + irradianceSh[7].rgb * (n.x * n.z)
             + irradianceSh[8].rgb * (n.x * n.x - n.y * n.y), 0.0);
}

// Layer i holds the environment blurred for roughness (i / last)^1: see app/render/environment.py.
vec3 specularRadiance(vec3 r, float roughness) {
    vec2 uv = (octEncode(r) * 0.5 + 0.5) * environment.z + environment.w;
    float layer = roughness * environment.y, low = floor(layer);
    vec3 a = texture(specularMap, vec3(uv, low)).rgb;
    vec3 b = texture(specularMap, vec3(uv, min(low + 1.0, environment.y))).rgb;
    return mix(a, b, layer - low) * environment.x;
}

// Scale and bias of F0 for the environment's specular light (Karis 2014, "Physically Based Shading on Mobile").
vec2 environmentBrdf(float roughness, float nv) {
    vec4 r = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float a = min(r.x * r.x, exp2(-9.28 * nv)) * r.x + r.y;
    return vec2(-1.04, 1.04) * a + r.zw;
}

float pow5(float x) { float x2 = x * x; return x2 * x2 * x; }

// GGX with an approximate height-correlated Smith visibility (Hammon 2017), without Fresnel.
float specularTerm(float alpha, float nl, float nv, float nh) {
    float a2 = alpha * alpha;
    float d = nh * nh * (a2 - 1.0) + 1.0;
    return a2 / (PI * d * d) * 0.5 / max(mix(2.0 * nl * nv, nl + nv, alpha), 1e-4);
}

struct Shading {
    vec3 diffuse;
    vec3 specular;
};

struct Point {
    vec3 position;
    vec3 normal;
    vec3 view;  // towards the camera
    vec3 diffuseColour;
    vec3 f0;
    float f90;
    float roughness;
    float nv;
};

void addLight(inout Shading sum, Point p, Lobes lobes, vec3 l, vec3 light) {
    float nl = max(dot(p.normal, l), 0.0);
    vec3 h = normalize(l + p.view);
    float nh = clamp(dot(p.normal, h), 0.0, 1.0), vh = clamp(dot(p.view, h), 0.0, 1.0);
    vec3 fresnel = p.f0 + (vec3(p.f90) - p.f0) * pow5(1.0 - vh);
    vec3 arriving = light * nl;
    float keep = 1.0;
#ifdef LOBES
    if (lobes.clearcoat > 0.0) {
        float f = (0.04 + 0.96 * pow5(1.0 - vh)) * lobes.clearcoat;
        keep = 1.0 - f;
        float a = lobes.clearcoatRoughness * lobes.clearcoatRoughness;
        sum.specular += arriving * f * specularTerm(a, nl, p.nv, nh);
    }
    if (dot(lobes.sheen, vec3(1.0)) > 0.0) {
        // Charlie distribution (Estevez and Kulla 2017) with Neubelt's visibility.
        float inverse = 1.0 / max(lobes.sheenRoughness * lobes.sheenRoughness, 1e-3);
        float d = (2.0 + inverse) * pow(max(1.0 - nh * nh, 1e-4), 0.5 * inverse) / (2.0 * PI);
        sum.specular += arriving * lobes.sheen * d / (4.0 * (nl + p.nv - nl * p.nv) + 1e-4);
    }
#endif
    sum.diffuse += keep * arriving * (1.0 - fresnel) * p.diffuseColour / PI;
    sum.specular += keep * arriving * fresnel * specularTerm(p.roughness * p.roughness, nl, p.nv, nh);
}

#ifdef SHADOWS
// Nine taps of a disc, each a bilinear comparison; the same for every pixel and frame, so that nothing flickers.
// The four outer ones first: where they agree, the point is lit or in shadow altogether.
float discVisibility(sampler2DShadow map, vec3 at, float r) {
    float sum = texture(map, at + vec3(0.92, 0.38, 0.0) * r) + texture(map, at + vec3(-0.38, 0.92, 0.0) * r)
              + texture(map, at + vec3(-0.92, -0.38, 0.0) * r) + texture(map, at + vec3(0.38, -0.92, 0.0) * r);
    float visible = sum * 0.25;
    if (sum > 0.01 && sum < 3.99) {
        sum += texture(map, at + vec3(0.35, -0.35, 0.0) * r) + texture(map, at + vec3(-0.35, -0.35, 0.0) * r)
             + texture(map, at + vec3(-0.35, 0.35, 0.0) * r) + texture(map, at + vec3(0.35, 0.35, 0.0) * r) + texture(map, at);
        visible = sum / 9.0;
    }
    return visible;
}

vec3 shadowPlace(vec3 p) {
    vec4 h = vec4(p, 1.0);
    return vec3(dot(shadowRow0, h), dot(shadowRow1, h), dot(shadowRow2, h));
}

float sunVisibility(vec3 position, vec3 n) {
    float nl = dot(n, sunDirection.xyz);
    // Offset along the normal by more where the sun grazes the surface, in units of shadow texels.
    vec3 offset = n * (shadowScale.x * (1.0 + 1.5 * sqrt(max(1.0 - nl * nl, 0.0))));
    vec3 uvz = shadowPlace(position + offset);
    vec2 outside = abs(uvz.xy - 0.5);
    float visible = 1.0, radius = shadowScale.z * shadowScale.y;
    if (max(outside.x, outside.y) < 0.5 && uvz.z < 1.0) {
        visible = discVisibility(staticShadowMap, uvz, radius);
        bool nearMoving = all(greaterThan(uvz.xy, shadowMoving.xy)) && all(lessThan(uvz.xy, shadowMoving.zw));
        if (nearMoving && visible > 0.0)
            visible = min(visible, discVisibility(movingShadowMap, shadowPlace(position + offset * shadowScale.w), radius));
    }
    return visible;
}
#endif

#ifdef MIRROR
layout(binding = 3) uniform sampler2D mirrorMap;  // the scene through the mirror plane, as this camera sees it

// Waves in the normal shift the reflected picture.
vec3 mirrored(Point p) {
    vec2 uv = gl_FragCoord.xy * targetSize.zw;
    uv += vec2(dot(p.normal, normalize(rayRight.xyz)), dot(p.normal - vec3(0.0, 1.0, 0.0), normalize(rayDown.xyz))) * 0.1;
    return textureLod(mirrorMap, uv, 0.0).rgb;
}
#endif

// Diffuse and specular light leaving `p` towards the camera, environment and occlusion included.
Shading lightPoint(Point p, Lobes lobes, float occlusion) {
    Shading sum = Shading(vec3(0.0), vec3(0.0));
    if (dot(sunIrradiance.rgb, vec3(1.0)) > 0.0 && dot(p.normal, sunDirection.xyz) > 0.0) {
        float visible = 1.0;
#ifdef SHADOWS
        visible = sunVisibility(p.position, p.normal);
#endif
        if (visible > 0.0) addLight(sum, p, lobes, sunDirection.xyz, sunIrradiance.rgb * visible);
    }
#ifdef PUNCTUAL
    for (int i = 0; i < int(lightCount.x); ++i) {
        vec3 to = lights[i].positionRange.xyz - p.position;
        float d2 = max(dot(to, to), 1e-4), range = lights[i].positionRange.w;
        vec3 l = to * inversesqrt(d2);
        float fade = range > 0.0 ? clamp(1.0 - (d2 * d2) / (range * range * range * range), 0.0, 1.0) : 1.0;
        float cone = clamp(dot(-l, lights[i].spot.xyz) * lights[i].spot.w + lights[i].cone.x, 0.0, 1.0);
        float strength = fade * fade * cone * cone / d2;
        if (strength > 0.0) addLight(sum, p, lobes, l, lights[i].colour.rgb * strength);
    }
#endif
    vec3 r = reflect(-p.view, p.normal);
    vec2 ab = environmentBrdf(p.roughness, p.nv);
    vec3 response = p.f0 * ab.x + p.f90 * ab.y;
    // Light that leaves after several bounces between microfacets (Fdez-Aguera 2019, reduced to a scale).
    response *= 1.0 + p.f0 * (1.0 / max(ab.x + ab.y, 0.1) - 1.0);
    float specularOcclusion = clamp(pow(p.nv + occlusion, exp2(-16.0 * p.roughness - 1.0)) - 1.0 + occlusion, 0.0, 1.0);
    vec3 around = specularRadiance(r, p.roughness);
#ifdef MIRROR
    // Only what is smooth enough shows a picture: wet against dry ground.
    around = mix(around, mirrored(p), lobes.mirror * (1.0 - smoothstep(0.15, 0.5, p.roughness)));
#endif
    float keep = 1.0;
#ifdef LOBES
    if (lobes.clearcoat > 0.0) {
        float f = (0.04 + 0.96 * pow5(1.0 - p.nv)) * lobes.clearcoat;
        keep = 1.0 - f;
        sum.specular += f * specularRadiance(r, lobes.clearcoatRoughness) * specularOcclusion;
    }
    if (dot(lobes.sheen, vec3(1.0)) > 0.0)
        sum.diffuse += lobes.sheen * irradiance(p.normal) * occlusion * (0.2 + 0.5 * pow5(1.0 - p.nv));
#endif
    sum.diffuse += keep * (1.0 - response) * p.diffuseColour * irradiance(p.normal) * occlusion;
    sum.specular += keep * response * around * specularOcclusion;
    return sum;
}

Point pointOf(vec3 position, vec3 normal, vec3 view, vec3 base, float metallic, float roughness, Lobes lobes) {
    float nv = dot(normal, view);
    return Point(position, normal, view, base * (1.0 - metallic), mix(lobes.f0, base, metallic),
                 mix(lobes.f90, 1.0, metallic), roughness, clamp(abs(nv), 1e-3, 1.0));
}
