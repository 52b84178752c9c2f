// Fetching the history of the frame before for the pixels of a block, HISTORY_SCALE by HISTORY_SCALE of them: the first
// lies at `position`, in history pixels, the others whole pixels further, row by row. Needs SOFTWARE_RENDERER.
uniform sampler2D history;     // colour in accumulation space, weight N; linear, nearest on a software renderer
uniform vec2 historyTexel;     // 1 / history size

const int BLOCK = HISTORY_SCALE * HISTORY_SCALE;

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

// A software renderer pays for every pixel it reads. Pixels of a block lie equally between theirs, so that what they read
// is read once, 12 of one pixel and 21 of four, where five bilinear taps each read 20 and 80.
void sharpHistory(vec2 position, float sharpness, out vec4 fetched[BLOCK]) {
    const int ROWS = HISTORY_SCALE + 3;
    Lobes l = lobesAt(position, sharpness);
    vec2 second = l.middle * l.fraction, first = l.middle - second;
    vec2 corner = (l.base - 1.0) * historyTexel;
    vec4 middle[ROWS * HISTORY_SCALE];  // of each row and column of the block: the two in the middle,
    vec3 sides[ROWS * HISTORY_SCALE];   // and the two beside them
    for (int row = 0; row < ROWS; ++row) {
        float y = corner.y + float(row) * historyTexel.y;
        bool edge = row == 0 || row == ROWS - 1;  // no corners
        vec4 pixels[ROWS];
        for (int column = 0; column < ROWS; ++column)
            if (!(edge && (column == 0 || column == ROWS - 1)))
                pixels[column] = texture(history, vec2(corner.x + float(column) * historyTexel.x, y));
        for (int i = 0; i < HISTORY_SCALE; ++i) {
            middle[row * HISTORY_SCALE + i] = pixels[i + 1] * first.x + pixels[i + 2] * second.x;
            if (!edge) sides[row * HISTORY_SCALE + i] = pixels[i].rgb * l.before.x + pixels[i + 3].rgb * l.after.x;
        }
    }
    for (int j = 0; j < HISTORY_SCALE; ++j)
        for (int i = 0; i < HISTORY_SCALE; ++i) {
            int row = j * HISTORY_SCALE + i;
            vec4 centre = middle[row + HISTORY_SCALE] * first.y + middle[row + 2 * HISTORY_SCALE] * second.y;
            vec3 colour = centre.rgb;
            colour += sides[row + HISTORY_SCALE] * first.y + sides[row + 2 * HISTORY_SCALE] * second.y;
            colour += middle[row].rgb * l.before.y + middle[row + 3 * HISTORY_SCALE].rgb * l.after.y;
            fetched[row] = vec4(colour / l.sum, centre.a / (l.middle.x * l.middle.y));
        }
}

void plainHistory(vec2 position, out vec4 fetched[BLOCK]) {
    const int ROWS = HISTORY_SCALE + 1;
    vec2 base = floor(position - 0.5) + 0.5, f = position - base, corner = base * historyTexel;
    vec4 across[ROWS * HISTORY_SCALE];
    for (int row = 0; row < ROWS; ++row) {
        vec4 pixels[ROWS];
        for (int column = 0; column < ROWS; ++column)
            pixels[column] = texture(history, corner + vec2(column, row) * historyTexel);
        for (int i = 0; i < HISTORY_SCALE; ++i) across[row * HISTORY_SCALE + i] = mix(pixels[i], pixels[i + 1], f.x);
    }
    for (int k = 0; k < BLOCK; ++k) fetched[k] = mix(across[k], across[k + HISTORY_SCALE], f.y);
}

#else

void sharpHistory(vec2 position, float sharpness, out vec4 fetched[BLOCK]) {
    Lobes l = lobesAt(position, sharpness);
    for (int k = 0; k < BLOCK; ++k) {
        vec2 base = l.base + vec2(k % HISTORY_SCALE, k / HISTORY_SCALE), centre = (base + l.fraction) * historyTexel;
        vec2 first = (base - 1.0) * historyTexel, last = (base + 2.0) * historyTexel;
        vec4 tap = texture(history, centre);
        vec3 colour = tap.rgb * (l.middle.x * l.middle.y);
        colour += texture(history, vec2(first.x, centre.y)).rgb * (l.before.x * l.middle.y);
        colour += texture(history, vec2(last.x, centre.y)).rgb * (l.after.x * l.middle.y);
        colour += texture(history, vec2(centre.x, first.y)).rgb * (l.before.y * l.middle.x);
        colour += texture(history, vec2(centre.x, last.y)).rgb * (l.after.y * l.middle.x);
        fetched[k] = vec4(colour / l.sum, tap.a);
    }
}

void plainHistory(vec2 position, out vec4 fetched[BLOCK]) {
    for (int k = 0; k < BLOCK; ++k)
        fetched[k] = texture(history, (position + vec2(k % HISTORY_SCALE, k / HISTORY_SCALE)) * historyTexel);
}

#endif
