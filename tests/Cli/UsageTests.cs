using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

[TestFixture]
internal sealed class UsageTests
{
    [TestCase("devices")]
    [TestCase("train")]
    [TestCase("eval")]
    [TestCase("explain")]
    [TestCase("convert")]
    [TestCase("verify")]
    [TestCase("data scenes")]
    [TestCase("data fashion-scenes")]
    [TestCase("data inspect")]
    [TestCase("data vg")]
    [TestCase("data flickr30k")]
    [TestCase("data refcoco")]
    [TestCase("data refcoco+")]
    [TestCase("data refcocog")]
    [TestCase("data refclef")]
    [TestCase("data coco")]
    public void Every_command_explains_itself_with_an_example(string command)
    {
        var answer = Amcx.RunPlain([.. command.Split(' '), "--help"]);
        Assert.That(answer.Code, Is.Zero);
        Assert.That(answer.Out, Does.Contain("USAGE").And.Contain($"amcx {command}").And.Contain("--device")
            .And.Contain("--threads").And.Contain("--verbose"));
        Assert.That(answer.Error, Is.Empty);
    }

    [Test]
    public void Help_lists_the_commands()
    {
        var answer = Amcx.RunPlain("--help");
        Assert.That(answer.Code, Is.Zero);
        foreach (var command in new[] { "devices", "train", "eval", "explain", "data", "convert", "verify" })
            Assert.That(answer.Out, Does.Contain($"  {command} "));
    }

    [Test]
    public void A_mistyped_command_gets_the_nearest_one() =>
        Amcx.ExpectBadInput(Amcx.RunPlain("trian"), "\"trian\"", "\"train\"");

    [Test]
    public void No_command_is_an_error() => Amcx.ExpectBadInput(Amcx.RunPlain(), "no command", "train");

    [Test]
    public void Data_alone_is_an_error() => Amcx.ExpectBadInput(Amcx.RunPlain("data"), "scenes", "inspect");

    [Test]
    public void An_unknown_option_is_named() =>
        Amcx.ExpectBadInput(Amcx.RunPlain("train", "--config", "x.yaml", "--stepz", "3"), "stepz", "--help");

    [Test]
    public void A_missing_option_is_named() =>
        Amcx.ExpectBadInput(Amcx.RunPlain("eval", "--config", "x.yaml"), "--checkpoint", "--help");

    [Test]
    public void A_number_that_is_none_is_named() =>
        Amcx.ExpectBadInput(Amcx.RunPlain("train", "--config", "x.yaml", "--steps", "many"), "--steps");

    [Test]
    public void Devices_lists_the_cpu()
    {
        var answer = Amcx.Run("devices");
        Assert.That(answer.Code, Is.Zero);
        Assert.That(answer.Out, Does.StartWith("cpu ").And.Contain("GiB"));
    }

    [Test]
    public void Negative_threads_are_refused() =>
        Amcx.ExpectBadInput(Amcx.RunPlain("devices", "--threads=-1"), "--threads -1");

    [Test]
    public void Verbose_adds_the_stack_trace()
    {
        var answer = Amcx.RunPlain("train", "--config", "/nowhere.yaml", "--verbose");
        Assert.That(answer.Code, Is.EqualTo(2));
        Assert.That(answer.Error, Does.Contain("   at "));
    }
}
