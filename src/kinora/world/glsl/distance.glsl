// Signed distances (after Inigo Quilez) from which subjects are built.
float ball(vec3 p, vec3 c, float r) { return length(p - c) - r; }
float egg(vec3 p, vec3 c, vec3 r) { p -= c; float k = length(p / r); return k * (k - 1.0) / length(p / (r * r)); }
float limb(vec3 p, vec3 a, vec3 b, float ra, float rb) {
    vec3 pa = p - a, ba = b - a;
    float h = clamp(dot(pa, ba) / dot(ba, ba), 0.0, 1.0);
    return length(pa - ba * h) - mix(ra, rb, h);
}
float block(vec3 p, vec3 c, vec3 half_, float r) { vec3 q = abs(p - c) - half_ + r; return length(max(q, 0.0)) + min(max(q.x, max(q.y, q.z)), 0.0) - r; }
float drum(vec3 p, vec3 c, float r, float half_, float round_) {
    vec2 q = vec2(length(p.xz - c.xz) - r, abs(p.y - c.y) - half_) + round_;
    return min(max(q.x, q.y), 0.0) + length(max(q, 0.0)) - round_;
}
float hoop(vec3 p, vec3 c, float r, float thick) { p -= c; return length(vec2(length(p.xz) - r, p.y)) - thick; }
float blend(float a, float b, float k) { float h = max(k - abs(a - b), 0.0) / k; return min(a, b) - h * h * k * 0.25; }
vec3 mirror(vec3 p) { return vec3(abs(p.x), p.yz); }
vec3 turned(vec3 p, float a) { float c = cos(a), s = sin(a); return vec3(c * p.x - s * p.z, p.y, s * p.x + c * p.z); }
