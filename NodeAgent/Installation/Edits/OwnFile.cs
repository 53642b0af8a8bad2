namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>A whole file that belongs to this program.</summary>
/// <param name="Target">The target that needs it.</param>
/// <param name="Text">What is in it.</param>
/// <param name="Secret">Whether it is for root alone.</param>
/// <param name="Kubelets">Whether kubelet's unit acts by it.</param>
internal sealed record OwnFile(string Target, string Text, bool Secret = false, bool Kubelets = false) : Edit(Target)
{
    public override bool IsForKubelet => Kubelets;

    public override bool Acts => Kubelets;

    public override bool IsSecret => Secret;

    public override string Put(string? text, string file) => Text;

    public override string Take(string text, string file) => "";

    public override bool IsIn(string text, string file) => text == Text;

    public override bool IsEmpty(string text, string file) => true;

    /// <summary>Without the text, which may be secret.</summary>
    public override string ToString() => "the whole file";
}
