// Position of a vertex now and in the previous frame: morph targets first, then skin or rigid transform.
#include "scene/blocks.glsl"
#include "scene/object.glsl"

layout(location = 0) in vec3 in_position;
#ifdef USE_NORMAL
layout(location = 1) in vec3 in_normal;
#endif
#ifdef USE_TANGENT
layout(location = 2) in vec4 in_tangent;
#endif
#ifdef USE_UV0
layout(location = 3) in vec2 in_uv0;
#endif
#ifdef USE_UV1
layout(location = 4) in vec2 in_uv1;
#endif
#ifdef USE_COLOUR
layout(location = 5) in vec4 in_colour;
#endif
#ifdef SKINNED
layout(location = 6) in uvec4 in_joints;
layout(location = 7) in vec4 in_weights;
layout(std430, binding = 0) readonly buffer Joints { vec4 joints[]; };  // three rows a joint

void blendJoints(int first, out vec4 rows[3]) {
    rows[0] = rows[1] = rows[2] = vec4(0.0);
    for (int i = 0; i < 4; ++i) {
        int base = (first + int(in_joints[i])) * 3;
        for (int r = 0; r < 3; ++r) rows[r] += in_weights[i] * joints[base + r];
    }
}
#endif
#ifdef MORPHED
layout(std430, binding = 1) readonly buffer Morphs { float deltas[]; };  // position and normal, six floats a vertex

vec3 morphDelta(int slot, int offset) {
    int base = deform.z + (morphIndex[slot >> 2][slot & 3] * vertices.y + gl_VertexID - vertices.x) * 6 + offset;
    return vec3(deltas[base], deltas[base + 1], deltas[base + 2]);
}
#endif

struct Placed {
    vec3 position;
    vec3 previous;
    vec3 normal;
    vec3 tangent;
};

Placed placeVertex() {
    Placed placed;
    vec3 now = in_position, before = in_position;
#ifdef USE_NORMAL
    vec3 normal = in_normal;
#else
    vec3 normal = vec3(0.0);
#endif
#ifdef MORPHED
    for (int i = 0; i < deform.w; ++i) {
        vec3 delta = morphDelta(i, 0);
        now += morphWeight[i >> 2][i & 3] * delta;
        before += previousMorphWeight[i >> 2][i & 3] * delta;
#ifdef USE_NORMAL
        normal += morphWeight[i >> 2][i & 3] * morphDelta(i, 3);
#endif
    }
#endif
#ifdef SKINNED
    vec4 rows[3], previousRows[3];
    blendJoints(deform.x, rows);
    placed.position = transformed(rows, vec4(now, 1.0));
#ifdef USE_MOTION
    blendJoints(deform.y, previousRows);
    placed.previous = transformed(previousRows, vec4(before, 1.0));
#endif
    placed.normal = transformedNormal(rows, normal);
#ifdef USE_TANGENT
    placed.tangent = transformed(rows, vec4(in_tangent.xyz, 0.0));
#endif
#else
    placed.position = transformed(world, vec4(now, 1.0));
    placed.previous = transformed(previousWorld, vec4(before, 1.0));
    placed.normal = transformedNormal(world, normal);
#ifdef USE_TANGENT
    placed.tangent = transformed(world, vec4(in_tangent.xyz, 0.0));
#endif
#endif
    return placed;
}
