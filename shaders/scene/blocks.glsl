// What every scene pass reads. The layouts are written by app/render/blocks.py, field by field.
const int MAX_LIGHTS = 4;
const int MAX_LOBES = 255;

layout(std140, binding = 0) uniform Frame {
    mat4 viewProjection;          // jittered
    mat4 previousViewProjection;  // without jitter
    vec4 cameraPosition;          // w: near plane, m
    vec4 rayRight;                // world ray through ndc (x, y) = rayForward + x * rayRight + y * rayDown
    vec4 rayDown;
    vec4 rayForward;              // unit view distance
    vec4 targetSize;              // width, height, 1 / width, 1 / height
    vec4 jitterTime;              // jitter in pixels, time in s, texture LOD bias
    vec4 clipPlane;               // world plane; what is below it is cut away (the mirror pass)
};

struct PunctualLight {
    vec4 positionRange;  // range 0: unlimited
    vec4 colour;         // candela
    vec4 spot;           // direction of emission, scale of the cone's falloff
    vec4 cone;           // x: offset of the cone's falloff
};

layout(std140, binding = 1) uniform Lighting {
    vec4 sunDirection;       // towards the sun
    vec4 sunIrradiance;      // at normal incidence; w: 1 where a shadow map exists
    vec4 irradianceSh[9];    // of the environment, convolved with the cosine, divided by pi, times strength
    vec4 environment;        // strength, last layer of the specular array, (texels - 1) / texels, 0.5 / texels
    vec4 shadowRow0;         // world to shadow map [0, 1]^3, three rows
    vec4 shadowRow1;
    vec4 shadowRow2;
    vec4 shadowScale;        // world size of a static texel in m, 1 / texels, penumbra in texels, moving : static texel
    vec4 shadowMoving;       // rectangle of the map that moving things touch
    vec4 lightCount;
    PunctualLight lights[MAX_LIGHTS];
};

vec2 renderNdc(vec2 fragCoord) { return (fragCoord + jitterTime.xy) * targetSize.zw * 2.0 - 1.0; }

vec3 worldRay(vec2 fragCoord) {
    vec2 ndc = renderNdc(fragCoord);
    return rayForward.xyz + ndc.x * rayRight.xyz + ndc.y * rayDown.xyz;
}
