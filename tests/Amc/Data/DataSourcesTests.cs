using AmcEngine.Amc.Data;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Data;

[TestFixture]
internal sealed class DataSourcesTests
{
    [Test]
    public void What_training_and_test_data_share_is_said_once()
    {
        var said = new List<string>();
        var warn = DataSources.Once(said.Add)!;
        foreach (var line in new[] { "a.png: cut off", "b.png: cut off", "a.png: cut off" })
            warn(line);
        Assert.That(said, Is.EqualTo(new[] { "a.png: cut off", "b.png: cut off" }));
        Assert.That(DataSources.Once(null), Is.Null);
    }
}
