using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What a target puts where. Making a plan changes nothing.</summary>
/// <param name="Target">Its programs, links and needs.</param>
/// <param name="Edits">What it puts into which files.</param>
/// <param name="Notes">What the operator should know.</param>
internal sealed record TargetPlan(TargetRecord Target, IReadOnlyList<(string Path, Edit Edit)> Edits, IReadOnlyList<string> Notes);
