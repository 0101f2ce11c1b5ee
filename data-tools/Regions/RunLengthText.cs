using System.Text;

namespace AmcEngine.DataTools;

/// <summary>
/// The short form of run lengths in COCO's files: from the fourth run on, what is written is the difference to the run
/// two before; each number is cut into groups of five bits, the lowest first, and each group is a character from '0'
/// on, with a sixth bit where another group follows. The last group's highest bit is the sign.
/// </summary>
internal static class RunLengthText
{
    private const int First = '0';
    private const int GroupBits = 5;
    private const int More = 0x20;
    private const int Sign = 0x10;

    // Seven groups hold any difference of two runs of a picture.
    private const int MostGroups = 7;

    /// <summary>The runs of a text.</summary>
    /// <exception cref="DataException">The text is none; one line without the mask's place.</exception>
    public static int[] Decode(string text)
    {
        List<int> counts = [];
        long value = 0;
        var group = 0;
        foreach (var c in text)
        {
            var bits = c - First;
            if (bits is < 0 or > 63 || group == MostGroups)
                throw new DataException("the counts of the run-length mask are not COCO's compressed text, nor a list");
            value |= (long)(bits & (More - 1)) << (GroupBits * group++);
            if ((bits & More) != 0)
                continue;
            if ((bits & Sign) != 0)
                value -= 1L << (GroupBits * group);
            if (counts.Count > 2)
                value += counts[^2];
            if (value is < 0 or > int.MaxValue)
                throw new DataException("the run-length mask has a negative run; check its counts");
            counts.Add((int)value);
            (value, group) = (0, 0);
        }
        return group == 0
            ? [.. counts]
            : throw new DataException("the counts of the run-length mask are cut off; give the whole text");
    }

    /// <summary>The text of runs.</summary>
    public static string Encode(IReadOnlyList<int> counts)
    {
        var text = new StringBuilder();
        for (var i = 0; i < counts.Count; i++)
        {
            var value = i > 2 ? counts[i] - counts[i - 2] : counts[i];
            bool more;
            do
            {
                var bits = value & (More - 1);
                value >>= GroupBits;
                more = (bits & Sign) != 0 ? value != -1 : value != 0;
                text.Append((char)(First + (more ? bits | More : bits)));
            }
            while (more);
        }
        return text.ToString();
    }
}
