// One subject, marched in its own space inside its bounding box. subject_*.glsl gives
// `map` (signed distance) and `paint` (albedo and the like at a surface point).
uniform vec3 position;      // of the point where it stands, world
uniform mat3 toLocal;       // world direction -> local, scale included
uniform mat3 toWorld;       // local normal -> world (inverse transpose of the above's inverse)
uniform vec3 boxLow, boxHigh;
uniform vec3 tint;          // the colour that its caption names
uniform vec3 accent;        // for dots, bands and bellies: contrasts with the tint
uniform float fuzz;         // soft bright rim of fur
uniform float gloss;        // highlight
uniform float phase;
uniform int marks;          // 4; a uniform so that the compiler keeps loops as loops
uniform float identity;
out vec4 colour;

struct Paint { vec3 albedo; float gloss; float glow; float fuzz; };
vec3 eyeball(vec3 q, vec3 c, float r, inout Paint paint) {
    // An eye that looks ahead: white, a large dark pupil, a highlight above it.
    vec3 d = (q - c) / r;
    float pupil = length(d.xy - vec2(-0.08, 0.0));
    paint.albedo = mix(vec3(0.02, 0.015, 0.03), vec3(0.95), smoothstep(0.62, 0.72, pupil));
    paint.albedo = mix(paint.albedo, vec3(1.5), smoothstep(0.3, 0.2, length(d.xy - vec2(0.14, 0.3))));
    paint.gloss = 0.0; paint.fuzz = 0.0; paint.glow = 0.35;
    return d;
}
//SUBJECT
void main() {
    vec3 view = cameraRay();
    vec3 o = toLocal * (eye - position), d = toLocal * view;
    // Bounding box, then the march; t counts metres along the world ray.
    vec3 m = 1.0 / d, n = -m * (o - 0.5 * (boxLow + boxHigh)), k = abs(m) * 0.5 * (boxHigh - boxLow);
    float t = max(max(n.x - k.x, max(n.y - k.y, n.z - k.z)), 0.0), end = min(n.x + k.x, min(n.y + k.y, n.z + k.z));
    float pace = 1.0 / length(d), gap = 1.0;
    float eps = t * 0.0012;
    for (int i = 0; i < 12 * marks && t < end; i++) {
        gap = map(o + d * t) * pace;
        if (gap < eps) break;
        t += gap * 0.95;
    }
    if (gap >= eps * 2.0 || t >= end) discard;
    gl_FragDepth = encodeDepth(t);
#ifdef TRUTH
    colour = vec4(identity, t, 0.0, 1.0);
#else
    vec3 p = o + d * t, normal = vec3(0.0);
    for (int i = 0; i < marks; i++) {
        vec3 e = vec3(((i + 3) >> 1) & 1, (i >> 1) & 1, i & 1) * 2.0 - 1.0;
        normal += e * map(p + e * 0.004);
    }
    normal = normalize(normal);
    Paint paint = Paint(tint, gloss, 0.0, fuzz);
    float crease = clamp(map(p + normal * 0.12) / 0.12, 0.0, 1.0);
    surface(p, normal, paint);
#ifdef CLAY
    normal = kneaded(normal, p);
    paint.gloss = 0.1; paint.fuzz = 0.0;
#endif
    vec3 w = normalize(toWorld * normal);
    float facing = clamp(-dot(w, view), 0.0, 1.0), rim = (1.0 - facing) * (1.0 - facing);
    float diffuse = clamp(dot(w, sunDir) * 0.62 + 0.38, 0.0, 1.0);
    float above = smoothstep(-0.1, 0.35, eye.y + view.y * t);
    float open = mix(0.45, 1.0, crease) * mix(0.6, 1.0, above);
    vec3 light = keyColour * (diffuse * mix(0.7, 1.0, crease)) + (mix(bounce, ambient, w.y * 0.5 + 0.5)) * open;
    vec3 c = paint.albedo * mix(light, vec3(1.0), paint.glow);
    c += (0.35 * paint.albedo + 0.1 * ambient) * (rim * rim * (0.5 + 2.2 * paint.fuzz)) * (0.5 + 0.5 * w.y);
    vec3 h = normalize(sunDir - view);
    float s = max(dot(w, h), 0.0), s4 = s * s; s4 *= s4; float s16 = s4 * s4; s16 *= s16;
    c += keyColour * (paint.gloss * (s16 * s16 * s16 + 0.12 * s4 * s4));
#ifdef MIRROR
    // A polished coat: a soft picture of sky and ground, stronger towards the edge.
    vec3 away = reflect(view, w);
    vec3 world_ = away.y > 0.0 ? mix(horizon, zenith, sqrt(away.y)) + ambient : bounce * 2.0 + 0.25 * horizon;
    float share = 0.05 + 0.55 * rim * rim;
    c = mix(c, world_ * mix(vec3(1.0), paint.albedo, 0.35), share * (1.0 - paint.glow));
#endif
#ifdef GLASS
    // Clear in the middle, dense at the edge; blended over what lies behind.
    float dense = clamp(0.48 + 0.8 * rim + 0.6 * paint.glow + paint.gloss * s16 * s16 * s16, 0.0, 1.0);
    colour = vec4(c, dense);
    return;
#endif
    colour = vec4(mix(c, horizon, (1.0 - exp(-fog * t)) * 0.1), t);
#endif
}
