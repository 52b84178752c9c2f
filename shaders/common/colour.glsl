// Colour spaces. Scene-linear Rec.709 unless a name says otherwise.
const vec3 LUMA = vec3(0.2126, 0.7152, 0.0722);

// c / (1 + knee * max(c)): compresses highlights before they are averaged (Karis 2014, "High Quality Temporal
// Supersampling", with max in place of luma so that saturated colours stay invertible).
vec3 rangeCompress(vec3 c, float knee) { return c / (1.0 + knee * max(max(c.r, c.g), max(c.b, 0.0))); }

vec3 rangeExpand(vec3 c, float knee) {
    return c / max(1.0 - knee * max(max(c.r, c.g), max(c.b, 0.0)), 1e-4);
}

vec3 rgbToYCoCg(vec3 c) {
    return vec3(0.25 * c.r + 0.5 * c.g + 0.25 * c.b, 0.5 * c.r - 0.5 * c.b, -0.25 * c.r + 0.5 * c.g - 0.25 * c.b);
}

vec3 yCoCgToRgb(vec3 c) { return vec3(c.x + c.y - c.z, c.x + c.z, c.x - c.y - c.z); }
