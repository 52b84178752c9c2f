// Fetching the history of the frame before, at any position in display pixels. Needs SOFTWARE_RENDERER.
uniform sampler2D history;     // colour in accumulation space, weight N; linear, nearest on a software renderer
uniform vec2 displayTexel;     // 1 / display size

// Catmull-Rom without its corners (Jimenez 2016, "Filmic SMAA"); sharpness 0 is bilinear. The alpha is bilinear, too,
// at the centre tap.

struct Lobes {
    vec2 base, before, after, middle;  // the pixel before the position; weights of the four pixels of each axis,
    vec2 fraction;                     // of which the middle two share `middle`: the part of the second
    float sum;
};

Lobes lobesAt(vec2 position, float sharpness) {
    vec2 base = floor(position - 0.5) + 0.5, f = position - base;
    vec2 lobe = 0.5 * sharpness * f * (1.0 - f), middle = 1.0 + lobe;
    float sum = middle.x * middle.y - lobe.x * middle.y - lobe.y * middle.x;
    return Lobes(base, -lobe * (1.0 - f), -lobe * f, middle, (f - lobe * (1.0 - 3.0 * f)) / middle, sum);
}

#if SOFTWARE_RENDERER

// A software renderer pays for every pixel it reads: twelve of them, where five bilinear taps read twenty.
vec3 colourAt(float x, float y) { return texture(history, vec2(x, y)).rgb; }

vec4 sharpHistory(vec2 position, float sharpness) {
    Lobes l = lobesAt(position, sharpness);
    vec2 second = l.middle * l.fraction, first = l.middle - second;
    vec2 a = (l.base - 1.0) * displayTexel, b = l.base * displayTexel;
    vec2 c = (l.base + 1.0) * displayTexel, d = (l.base + 2.0) * displayTexel;
    vec4 upper = texture(history, b) * first.x + texture(history, vec2(c.x, b.y)) * second.x;
    vec4 lower = texture(history, vec2(b.x, c.y)) * first.x + texture(history, c) * second.x;
    vec4 centre = upper * first.y + lower * second.y;
    vec3 colour = centre.rgb;
    colour += (colourAt(a.x, b.y) * first.y + colourAt(a.x, c.y) * second.y) * l.before.x;
    colour += (colourAt(d.x, b.y) * first.y + colourAt(d.x, c.y) * second.y) * l.after.x;
    colour += (colourAt(b.x, a.y) * first.x + colourAt(c.x, a.y) * second.x) * l.before.y;
    colour += (colourAt(b.x, d.y) * first.x + colourAt(c.x, d.y) * second.x) * l.after.y;
    return vec4(colour / l.sum, centre.a / (l.middle.x * l.middle.y));
}

vec4 plainHistory(vec2 position) {
    vec2 base = floor(position - 0.5) + 0.5, f = position - base;
    vec2 b = base * displayTexel, c = (base + 1.0) * displayTexel;
    vec4 upper = mix(texture(history, b), texture(history, vec2(c.x, b.y)), f.x);
    vec4 lower = mix(texture(history, vec2(b.x, c.y)), texture(history, c), f.x);
    return mix(upper, lower, f.y);
}

#else

vec4 sharpHistory(vec2 position, float sharpness) {
    Lobes l = lobesAt(position, sharpness);
    vec2 centre = (l.base + l.fraction) * displayTexel;
    vec2 first = (l.base - 1.0) * displayTexel, last = (l.base + 2.0) * displayTexel;
    vec4 tap = texture(history, centre);
    vec3 colour = tap.rgb * (l.middle.x * l.middle.y);
    colour += texture(history, vec2(first.x, centre.y)).rgb * (l.before.x * l.middle.y);
    colour += texture(history, vec2(last.x, centre.y)).rgb * (l.after.x * l.middle.y);
    colour += texture(history, vec2(centre.x, first.y)).rgb * (l.before.y * l.middle.x);
    colour += texture(history, vec2(centre.x, last.y)).rgb * (l.after.y * l.middle.x);
    return vec4(colour / l.sum, tap.a);
}

vec4 plainHistory(vec2 position) { return texture(history, position * displayTexel); }

#endif
