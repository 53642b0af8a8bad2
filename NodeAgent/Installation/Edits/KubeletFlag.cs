using RegistryProxy.NodeAgent.Installation.Merging.Flags;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>One of kubelet's flags in a file that its unit reads.</summary>
/// <param name="Target">The target that needs it.</param>
/// <param name="Variable">The variable that the unit hands to kubelet, or the unit's own command.</param>
/// <param name="Flag">The flag with its dashes.</param>
/// <param name="Value">Its value.</param>
/// <param name="Replaced">Its value before; <c>null</c> when it was not there.</param>
/// <param name="Spelling">The flag and its value as they were written; <c>null</c> when it was not there.</param>
internal sealed record KubeletFlag(string Target, string Variable, string Flag, string Value, string? Replaced, string? Spelling = null)
    : Edit(Target)
{
    public override bool IsForKubelet => true;

    public override string Put(string? text, string file) => FlagText.Set(text ?? "", file, Variable, Flag, Value);

    public override string Take(string text, string file) => FlagText.Remove(text, file, Flag, Value, Replaced, Spelling);

    public override string Undo(string text, string file, string? former) => FlagText.Has(former ?? "", file, Variable)
        ? Take(text, file)
        : FlagText.WithoutEmpty(Take(text, file), file, Variable);

    public override bool StandsFor(string text, string file) => FlagText.InEffect(text, file, Variable, Flag) == Replaced;

    public override bool IsEmpty(string text, string file) => FlagText.IsEmpty(text, file);
}
