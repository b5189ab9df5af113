// Exact ray intersections for the surroundings: no marching, a few instructions a shape.
uniform vec4 proxies[PROXIES];  // balls that stand for the subjects when they cast shadows

struct Hit {
    float t;         // distance along the ray
    vec3 n;          // surface normal
    vec3 albedo;
    float glow;      // emitted share of the albedo
};
Hit hit;
vec3 ro, rd;

void put(float t, vec3 n, vec3 albedo, float glow) {
    hit.t = t; hit.n = n; hit.albedo = albedo; hit.glow = glow;
}
void sphere(vec3 c, float r, vec3 albedo, float glow) {
    vec3 oc = ro - c;
    float b = dot(oc, rd), d = b * b - dot(oc, oc) + r * r;
    float t = -b - sqrt(max(d, 0.0));
    if (d > 0.0 && t > 0.0 && t < hit.t) put(t, (oc + rd * t) / r, albedo, glow);
}
void ellipsoid(vec3 c, vec3 r, vec3 albedo, float glow) {
    vec3 o = (ro - c) / r, k = rd / r;
    float a = dot(k, k), b = dot(o, k), d = b * b - a * (dot(o, o) - 1.0);
    float t = (-b - sqrt(max(d, 0.0))) / a;
    if (d > 0.0 && t > 0.0 && t < hit.t) put(t, normalize((o + k * t) / r), albedo, glow);
}
// Upright cylinder without caps, from height y0 to y1.
void pole(vec3 c, float r, float y0, float y1, vec3 albedo) {
    vec2 o = ro.xz - c.xz, k = rd.xz;
    float a = dot(k, k), b = dot(o, k), d = b * b - a * (dot(o, o) - r * r);
    float t = (-b - sqrt(max(d, 0.0))) / a, y = ro.y + rd.y * t;
    if (d > 0.0 && t > 0.0 && t < hit.t && y > y0 && y < y1)
        put(t, vec3((o + k * t) / r, 0.0).xzy, albedo, 0.0);
}
// Ellipsoid whose height rises with x and z by `lean` metres a metre.
void ellipsoidSheared(vec3 c, vec3 r, vec3 lean, vec3 albedo) {
    vec3 o = ro - c, k = rd;
    o.y -= dot(lean.xz, o.xz); k.y -= dot(lean.xz, k.xz);
    o /= r; k /= r;
    float a = dot(k, k), b = dot(o, k), d = b * b - a * (dot(o, o) - 1.0);
    float t = (-b - sqrt(max(d, 0.0))) / a;
    if (d > 0.0 && t > 0.0 && t < hit.t) put(t, normalize(vec3(0.0, 0.6, 0.0) + (o + k * t) / r), albedo, 0.0);
}
// A leaning trunk: a cylinder sheared sideways by `lean.x` metres a metre.
void trunk(vec3 c, vec3 lean, float r, float height, vec3 albedo) {
    vec2 o = ro.xz - c.xz - lean.xz * ro.y, k = rd.xz - lean.xz * rd.y;
    float a = dot(k, k), b = dot(o, k), d = b * b - a * (dot(o, o) - r * r);
    float t = (-b - sqrt(max(d, 0.0))) / a, y = ro.y + rd.y * t;
    if (d > 0.0 && t > 0.0 && t < hit.t && y > 0.0 && y < height) put(t, vec3((o + k * t) / r, 0.0).xzy, albedo, 0.0);
}
// Upright cone: apex at c, widening downwards by `slope` metres a metre over `height`.
void cone(vec3 c, float slope, float height, vec3 albedo, vec3 snow) {
    vec3 o = ro - c;
    float s = slope * slope;
    float a = dot(rd.xz, rd.xz) - s * rd.y * rd.y, b = dot(o.xz, rd.xz) - s * o.y * rd.y;
    float d = b * b - a * (dot(o.xz, o.xz) - s * o.y * o.y);
    float t = (-b - sqrt(max(d, 0.0))) / a, y = o.y + rd.y * t;
    if (d > 0.0 && t > 0.0 && t < hit.t && y < 0.0 && y > -height) {
        vec2 q = o.xz + rd.xz * t;
        put(t, normalize(vec3(q.x, -y * s, q.y)), mix(albedo, snow, smoothstep(-0.75, -0.35, y / height)), 0.0);
    }
}
void box(vec3 c, vec3 half_, vec3 albedo, float glow) {
    vec3 m = 1.0 / rd, n = m * (ro - c), k = abs(m) * half_;
    vec3 near = -n - k, far = -n + k;
    float t = max(near.x, max(near.y, near.z));
    if (t < min(far.x, min(far.y, far.z)) && t > 0.0 && t < hit.t)
        put(t, -sign(rd) * step(near.yzx, near.xyz) * step(near.zxy, near.xyz), albedo, glow);
}
// A flower that looks at the viewer: six soft petals round a heart.
void flower(vec3 c, float r, vec3 petals, vec3 heart, float glow) {
    const vec3 n = vec3(0.0, 0.3846, 0.9231);
    float t = dot(c - ro, n) / dot(rd, n);
    vec3 q = ro + rd * t - c;
    vec2 p = vec2(q.x, q.y * 0.9231 - q.z * 0.3846);
    float far = length(p) / r;
    if (t > 0.0 && t < hit.t && far < 0.86 + 0.14 * cos(6.0 * atan(p.y, p.x)))
        put(t, n, mix(heart, petals, smoothstep(0.3, 0.42, far)), glow);
}

#ifdef WALL
uniform vec4 wall;  // x, z, half width, height: something to hide behind
void standWall() {
    vec3 c = vec3(wall.x, 0.5 * wall.w, wall.y);
    float before = hit.t;
    box(c, vec3(wall.z, 0.5 * wall.w, 0.12), vec3(0.5, 0.33, 0.22), 0.0);
    if (hit.t < before) {
        // Broad boards, every other one lighter.
        float board = sin((ro.x + rd.x * hit.t - wall.x + wall.z) * 3.14159 / (0.3 * wall.z));
        hit.albedo *= mix(0.85, 1.12, smoothstep(-0.15, 0.15, board));
    }
    box(c + vec3(0.0, 0.5 * wall.w, 0.0), vec3(wall.z + 0.06, 0.06, 0.16), vec3(0.62, 0.44, 0.3), 0.0);
}
#endif

// Share of the key light that a ball lets through to a point p (after Inigo Quilez' soft sphere shadow).
float ballShadow(vec3 p, vec4 ball) {
    vec3 oc = p - ball.xyz;
    float b = dot(oc, sunDir), h = b * b - dot(oc, oc) + ball.w * ball.w;
    float gap = sqrt(max(ball.w * ball.w - h, 0.0)) - ball.w;
    float s = clamp(0.5 + 3.5 * gap / max(-b, 0.05), 0.0, 1.0);
    return b > 0.0 ? 1.0 : s * s * (3.0 - 2.0 * s);
}
// Share of the sky's light that a ball standing on the ground lets through to the ground point p.
float ballOcclusion(vec3 p, vec4 ball) {
    vec3 d = ball.xyz - p;
    float l2 = dot(d, d);
    return 1.0 - 0.8 * clamp(d.y * ball.w * ball.w / (l2 * sqrt(l2)), 0.0, 1.0);
}
float blob(vec2 p, vec2 r) { p /= r; return exp(-dot(p, p)); }
