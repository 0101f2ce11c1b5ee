using System.Text;
using AmcEngine.Tests.Engine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// What mutations of small files do not reach: nesting that would overflow a stack, and sizes at which work that grows
/// faster than the file shows in the memory that it takes.
/// </summary>
[Category("Fuzz")]
internal sealed class LargeInputTests
{
    private const int Many = 200_000;

    private static IEnumerable<TestCaseData> Cases()
    {
        (string Format, string Name, byte[] Bytes)[] cases =
        [
            ("yaml", "nested lists", Text($"train_file: {Repeat("[", Many)}")),
            ("yaml", "nested sections", Text(Repeat("{a: ", Many))),
            ("yaml", "nested by indicators", Text(Repeat("- ", Many))),
            ("yaml", "nested questions", Text(Repeat("? ", Many))),
            ("yaml", "a long key that is repeated", Text($"? {Repeat("k", Many)}\n: &x {{lr: 1}}\noptimizer: *x\n")),
            ("yaml", "a long unknown key", Text($"? {Repeat("k", Many)}\n: 1\n")),
            ("yaml", "many anchors", Text(Repeat("a: &x\n", Many / 4))),
            ("yaml", "a long number", Text($"seed: {Repeat("9", Many)}")),
            ("annotations", "nested lists", Text(Repeat("[", Many))),
            ("annotations", "nested objects", Text($"[{Repeat("{\"image\":", Many)}")),
            ("annotations", "a long number", Text(
                $"[{{\"image\":\"a\",\"caption\":\"b\",\"bbox\":[[1,2,3,{Repeat("9", Many)}]]}}]")),
            ("annotations", "many bad entries", Text($"[{Repeat("{},", Many / 4)}1]")),
            ("bert-config", "nested lists", Text(Repeat("[", Many))),
            ("bert-config", "a long number", Text($"{{\"hidden_size\":{Repeat("9", Many)}}}")),
            ("state", "nested objects", Text(Repeat("{\"Config\":", Many))),
            ("vocabulary", "a long token", Text($"{Repeat("x", Many)}\n[PAD]\n[UNK]\n[CLS]\n[MASK]\n")),
            ("safetensors", "many extents", Header(
                $"{{\"x\":{{\"dtype\":\"U8\",\"shape\":[{Repeat("1,", Many)}1],\"data_offsets\":[0,1]}}}}")),
            ("safetensors", "nested extra field", Header($"{{\"x\":{{\"more\":{Repeat("[", Many)}")),
            ("torch-legacy", "nested tuples", TorchFiles.Legacy(
                [0x80, 2, (byte)'N', .. Enumerable.Repeat((byte)0x85, Many), (byte)'.'], true)),
            ("torch-legacy", "many marks", TorchFiles.Legacy(
                [0x80, 2, .. Enumerable.Repeat((byte)'(', Many), (byte)'.'], true)),
            ("torch-legacy", "a list of itself", TorchFiles.Legacy(
                [0x80, 2, (byte)']', .. Enumerable.Repeat("2a"u8.ToArray(), Many).SelectMany(b => b), (byte)'.'],
                true)),
            ("torch-legacy", "a long integer", TorchFiles.Legacy(
                [0x80, 2, (byte)'L', .. Text(Repeat("9", 4000)), (byte)'L', (byte)'\n', (byte)'.'], true)),
        ];
        return cases.Select(c => new TestCaseData(c.Format, c.Bytes).SetArgDisplayNames(c.Format, c.Name));
    }

    [TestCaseSource(nameof(Cases))]
    public void Nesting_and_size_break_no_reader(string format, byte[] bytes)
    {
        var target = FuzzTargets.Find(format);
        using var session = new FuzzSession(target.FileName);
        Assert.DoesNotThrow(() => target.Check(session, bytes));
    }

    private static string Repeat(string text, int times) =>
        new StringBuilder(text.Length * times).Insert(0, text, times).ToString();

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Header(string json) => [.. BitConverter.GetBytes((long)json.Length), .. Text(json), 0];
}
