namespace AmcEngine.DataTools;

/// <summary>
/// The area of a region as the integral of the length in which horizontal lines run through it, by the midpoint rule.
/// It is exact for unions of boxes and masks; along round edges the error stays below about a ten-thousandth.
/// </summary>
internal static class ChordArea
{
    // Lines a pixel, and the most of them between two edges.
    private const int Density = 64;
    private const int MostLines = 1 << 16;

    /// <summary>
    /// Integrates between the upper and lower edges of the parts' bounds, so that a jump there costs nothing.
    /// </summary>
    public static double Of(Region region, IReadOnlyList<Box> bounds)
    {
        double[] edges = [.. bounds.SelectMany(b => new[] { b.Y1, b.Y2 }).Distinct().Order()];
        List<Chord> chords = [];
        double area = 0;
        for (var i = 1; i < edges.Length; i++)
        {
            double height = edges[i] - edges[i - 1], sum = 0;
            var lines = (int)Math.Clamp(Math.Ceiling(height * Density), 1, MostLines);
            for (var line = 0; line < lines; line++)
            {
                chords.Clear();
                region.AddChords(edges[i - 1] + height * (line + 0.5) / lines, chords);
                sum += Covered(chords);
            }
            area += sum * height / lines;
        }
        return area;
    }

    private static double Covered(List<Chord> chords)
    {
        chords.Sort((a, b) => a.From.CompareTo(b.From));
        double covered = 0, done = double.MinValue;
        foreach (var chord in chords)
        {
            if (chord.To <= done)
                continue;
            covered += chord.To - Math.Max(chord.From, done);
            done = chord.To;
        }
        return covered;
    }
}
