namespace RegistryProxy.Grains.Throttling;

/// <summary>What a try costs.</summary>
/// <param name="Failures">What was charged for it, in case it is a guess.</param>
/// <param name="Undecided">What is charged instead when nobody can say whether it is one.</param>
internal readonly record struct LoginCharge(FailureBudget[] Failures, FailureBudget[] Undecided);
