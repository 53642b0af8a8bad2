using System.Text.Json.Serialization;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>Another command asks for the credential of an image or a host; one of the two is set.</summary>
internal sealed record CredentialQuestion(string? Image, string? Host);

/// <summary>The answer: a credential, or why there is none. All <c>null</c> when the agent knows no front door for it.</summary>
internal sealed record CredentialReply(
    string? Host, string? Username, string? Password, DateTimeOffset? Issued, DateTimeOffset? Expires, string? Failure)
{
    public override string ToString() => "CredentialReply";
}

/// <summary>Reading and writing without reflection.</summary>
[JsonSerializable(typeof(CredentialQuestion))]
[JsonSerializable(typeof(CredentialReply))]
internal sealed partial class ControlJson : JsonSerializerContext;
