using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Model.DataParallel;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>Each key of ranks decides on its own scope, in the session of several ranks.</summary>
[TestFixture]
internal sealed class ScopeSettingsTests
{
    private static IEnumerable<TestCaseData> Keys =>
    [
        new("contrastive", new RankScopes { Contrastive = true }),
        new("negatives", new RankScopes { Negatives = true }),
        new("mlm_pool", new RankScopes { MaskedWords = true }),
        new("amc_pool", new RankScopes { Objective = true }),
    ];

    [TestCaseSource(nameof(Keys))]
    public void A_key_decides_on_its_scope(string key, RankScopes expected)
    {
        Assert.That(ScopeSettings.Of(Config()), Is.EqualTo(RankScopes.Local));
        Assert.That(ScopeSettings.Of(Config($"{key}=global")), Is.EqualTo(expected));
    }

    [Test]
    public void A_session_of_several_ranks_shares_batches_and_exchanges_gradients()
    {
        var config = Config("amc_pool=global");
        var ranks = ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(config, backend, communicator: c);
            return (ReferenceEquals(session.Communicator, c), session.Share.IsWhole, session.Share.Scopes,
                ReferenceEquals(session.Exchange?.Ranks, c));
        });
        Assert.That(ranks, Is.All.EqualTo((true, false, new RankScopes { Objective = true }, true)));
        using var alone = new CpuBackend(1);
        using var whole = TrainingSession.Create(config, alone);
        Assert.That((whole.Share.IsWhole, whole.Share.Scopes, whole.Exchange), Is.EqualTo((true, RankScopes.Local,
            (AmcEngine.DataParallel.GradientExchange?)null)), "a process alone exchanges nothing");
    }

    private static RunConfig Config(params string[] settings)
    {
        var values = new Dictionary<string, object>();
        foreach (var setting in (string[])["dataset=scenes", "batch_size=4", "queue_size=16", "image_res=32",
            "patch_size=8", "vision_width=16", "vision_depth=1", "vision_heads=2", "text_width=16", "text_heads=2",
            "text_layers=1", "fusion_layers=1", "embed_dim=8", "train_count=16", "test_count=4", .. settings])
            YamlConfigReader.Override(values, setting);
        return RunConfig.Create("test", values);
    }
}
