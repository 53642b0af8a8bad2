using System.Text.Json.Serialization;

namespace RegistryProxy.NodeAgent.Installation.Edits;

/// <summary>What this program puts into one file, said by its meaning: it can be taken out of whatever the file has become.</summary>
/// <param name="Target">The target that needs it.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(OwnFile), "own")]
[JsonDerivedType(typeof(KubeletEndpoint), "endpoint")]
[JsonDerivedType(typeof(KubeletFlag), "flag")]
[JsonDerivedType(typeof(Providers), "providers")]
[JsonDerivedType(typeof(MirrorHost), "mirror")]
[JsonDerivedType(typeof(DockerHelpers), "helpers")]
internal abstract record Edit(string Target)
{
    /// <summary>Whether kubelet reads the file when it starts, and acts by it.</summary>
    [JsonIgnore]
    public virtual bool IsForKubelet => false;

    /// <summary>Whether the file acts by being there. What does not is there before and goes after what names it.</summary>
    [JsonIgnore]
    public virtual bool Acts => true;

    /// <summary>Whether the file holds a secret, so that it is for root alone whatever it was.</summary>
    [JsonIgnore]
    public virtual bool IsSecret => false;

    /// <summary>Whether its file may hold secrets, of others perhaps, so that people are not shown its lines.</summary>
    [JsonIgnore]
    public virtual bool IsAmongSecrets => IsSecret;

    /// <summary>The text with this in it; the text is <c>null</c> when there is no file.</summary>
    public abstract string Put(string? text, string file);

    /// <summary>The text without any of it, whoever has written the file since.</summary>
    public abstract string Take(string text, string file);

    /// <summary>
    /// The same for a file of others: what this program had to write around its own goes with it, and what it wrote over comes back.
    /// </summary>
    /// <param name="text">The text as it is now.</param>
    /// <param name="file">Its path.</param>
    /// <param name="former">The text before this program came; <c>null</c> for no file.</param>
    public virtual string Undo(string text, string file, string? former) => Take(text, file);

    /// <summary>Whether this, or a former form of it, is in a text.</summary>
    public virtual bool IsIn(string text, string file) => Take(text, file) != text;

    /// <summary>Whether what this stood in place of is what stands in a text without it.</summary>
    public virtual bool StandsFor(string text, string file) => true;

    /// <summary>Whether nothing that means something is left in a text.</summary>
    public abstract bool IsEmpty(string text, string file);
}
