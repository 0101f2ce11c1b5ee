namespace AmcEngine.Amc.Training;

/// <summary>
/// The ranks' weights are no longer the same, so that none of them may be saved; the message names the first tensor
/// that differs, and the rank.
/// </summary>
internal sealed class ReplicaException(string message) : TrainingException(message);
