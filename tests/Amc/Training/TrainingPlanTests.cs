using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

[TestFixture]
internal sealed class TrainingPlanTests : FolderTests
{
    [TestCase(0, 0, 1e-6)]
    [TestCase(0, 101, 1.45e-6)]
    [TestCase(0, 2001, 1e-5)]
    [TestCase(0, 2999, 1e-5)]
    [TestCase(1, 0, 9.97534852915723e-6)]
    [TestCase(1, 2999, 9.97534852915723e-6)]
    [TestCase(15, 0, 5.5e-6)]
    [TestCase(29, 0, 1.0246514708427697e-6)]
    public void The_reference_schedule_has_the_reference_values(int epoch, int iteration, double expected)
    {
        var plan = new TrainingPlan(Config("schedular: {sched: cosine, lr: 1e-5, epochs: 30, min_lr: 1e-6, warmup_lr: "
            + "1e-6, warmup_epochs: 20}"), 3000);
        Assert.That(plan.TotalSteps, Is.EqualTo(90_000));
        NearRate("rate", plan.LearningRate(epoch * 3000 + iteration), expected);
    }

    // ALBEF's Pretrain.yaml, ALBEF's and AMC's Grounding.yaml, SelfEQ's Pretrain_vg.yaml.
    [TestCase("lr: 1e-4, epochs: 30, min_lr: 1e-5, warmup_lr: 1e-5, warmup_epochs: 20", 0, 101, 1.45e-5)]
    [TestCase("lr: 1e-4, epochs: 30, min_lr: 1e-5, warmup_lr: 1e-5, warmup_epochs: 20", 15, 0, 5.5e-5)]
    [TestCase("lr: 1e-5, epochs: 5, min_lr: 1e-6, warmup_lr: 1e-5, warmup_epochs: 1", 0, 0, 1e-5)]
    [TestCase("lr: 1e-5, epochs: 5, min_lr: 1e-6, warmup_lr: 1e-5, warmup_epochs: 1", 0, 2999, 1e-5)]
    [TestCase("lr: 1e-5, epochs: 5, min_lr: 1e-6, warmup_lr: 1e-5, warmup_epochs: 1", 1, 0, 9.140576474687264e-6)]
    [TestCase("lr: 1e-5, epochs: 5, min_lr: 1e-6, warmup_lr: 1e-5, warmup_epochs: 1", 4, 0, 1.859423525312737e-6)]
    [TestCase("lr: 1e-5, epochs: 30, min_lr: 1e-6, warmup_lr: 1e-6, warmup_epochs: 10", 0, 101, 1.9e-6)]
    [TestCase("lr: 1e-5, epochs: 30, min_lr: 1e-6, warmup_lr: 1e-6, warmup_epochs: 10", 0, 1001, 1e-5)]
    [TestCase("lr: 1e-5, epochs: 30, min_lr: 1e-6, warmup_lr: 1e-6, warmup_epochs: 10", 1, 0, 9.97534852915723e-6)]
    public void The_other_published_schedules_have_their_values(
        string keys, int epoch, int iteration, double expected) => NearRate(
            "rate", new TrainingPlan(Config($"schedular: {{sched: cosine, {keys}}}"), 3000)
                .LearningRate(epoch * 3000 + iteration), expected);

    [Test]
    public void Steps_choose_the_warmup_and_cosine_of_the_small_recipe()
    {
        var plan = new TrainingPlan(
            Config("steps: 2500\noptimizer: {lr: 5e-4}\nschedular: {warmup_steps: 100, final_fraction: 0.05}"), 10);
        Assert.That(plan.TotalSteps, Is.EqualTo(2500));
        NearRate("first step", plan.LearningRate(0), 5e-6);
        NearRate("end of the warm-up", plan.LearningRate(100), 5e-4);
        NearRate("last step", plan.LearningRate(2500), 2.5e-5);
    }

    [Test]
    public void More_steps_than_can_be_counted_are_refused_by_name()
    {
        Assert.That(
            new TrainingPlan(Config("schedular: {epochs: 1000000}"), 2147).TotalSteps, Is.EqualTo(2_147_000_000));
        Assert.That(() => new TrainingPlan(Config("schedular: {epochs: 1000000}"), 2148),
            Throws.TypeOf<ConfigException>().With.Message.Contains("schedular.epochs"));
    }

    [Test]
    public void Alpha_rises_in_the_first_epoch()
    {
        var plan = new TrainingPlan(Config(""), 100);
        Closeness.ElementsAreClose(
            "alpha", [.. new[] { 0, 50, 100, 1000 }.Select(plan.Alpha)], [0, 0.2, 0.4, 0.4], 1e-15);
    }

    [Test]
    public void Alpha_can_rise_over_steps_at_once_or_not_at_all()
    {
        Closeness.Near("alpha", new TrainingPlan(Config("alpha_ramp_steps: 500"), 100).Alpha(250), 0.2, 1e-15);
        Assert.That(new TrainingPlan(Config("warm_up: false"), 100).Alpha(0), Is.EqualTo(0.4));
        Assert.That(new TrainingPlan(Config("distill: false"), 100).Alpha(1000), Is.Zero);
    }

    [Test]
    public void Evaluations_are_at_both_ends_and_where_asked_for()
    {
        var plan = new TrainingPlan(Config("steps: 10\neval_every: 4\neval_steps: [5]"), 3);
        Assert.That(Enumerable.Range(0, 11).Where(plan.EvaluatesAfter), Is.EqualTo(new[] { 0, 4, 5, 8, 10 }));
    }

    // To the last places.
    private static void NearRate(string what, double actual, double expected) =>
        Closeness.Near(what, actual, expected, 1e-15 * expected);

    private RunConfig Config(string yaml) => RunConfig.Load(_folder.Write("c.yaml", "seed: 1\n" + yaml));
}
