using AmcEngine.Files;
using NUnit.Framework;

namespace AmcEngine.Tests.Files;

/// <summary>The checksum of zip and PNG.</summary>
[TestFixture]
internal sealed class Crc32Tests
{
    [Test]
    public void It_has_the_published_check_value_however_the_bytes_come()
    {
        Assert.That(Crc32.Of("123456789"u8), Is.EqualTo(0xCBF43926));
        Assert.That(Crc32.Of([]), Is.Zero);
        byte[] bytes = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * i + 7))];
        foreach (var cut in new[] { 0, 1, 7, 8, 9, 500, 999, 1000 })
        {
            var crc = default(Crc32);
            crc.Append(bytes.AsSpan(0, cut));
            crc.Append(bytes.AsSpan(cut));
            Assert.That(crc.Value, Is.EqualTo(Crc32.Of(bytes)), $"cut at {cut}");
        }
    }
}
