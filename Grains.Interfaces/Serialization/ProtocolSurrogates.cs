using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>A protocol value on the wire between silo and gateway: its text.</summary>
[GenerateSerializer, Alias("rp.text")]
public struct TextSurrogate
{
    [Id(0)]
    public string Text { get; set; }
}

/// <summary>A scope on the wire.</summary>
[GenerateSerializer, Alias("rp.scope")]
public struct ScopeSurrogate
{
    [Id(0)]
    public string? Repository { get; set; }

    [Id(1)]
    public int Actions { get; set; }
}

/// <summary>A set of actions on the wire: its bits.</summary>
[GenerateSerializer, Alias("rp.actions")]
public struct ActionsSurrogate
{
    [Id(0)]
    public int Bits { get; set; }
}

/// <summary>A secret on the wire: encrypted by the transport between processes, never by itself.</summary>
[GenerateSerializer, Alias("rp.secret")]
public struct SecretSurrogate
{
    [Id(0)]
    public string Value { get; set; }
}

[RegisterConverter]
internal sealed class PatternConverter : IConverter<RepositoryPattern, TextSurrogate>
{
    public RepositoryPattern ConvertFromSurrogate(in TextSurrogate surrogate) => RepositoryPattern.Parse(surrogate.Text);

    public TextSurrogate ConvertToSurrogate(in RepositoryPattern value) => new() { Text = value.Value };
}

[RegisterConverter]
internal sealed class ScopeConverter : IConverter<Scope, ScopeSurrogate>
{
    public Scope ConvertFromSurrogate(in ScopeSurrogate surrogate) =>
        surrogate.Repository is null ? Scope.Catalog
            : Scope.Of(RepositoryName.Parse(surrogate.Repository), (RepositoryActions)surrogate.Actions);

    public ScopeSurrogate ConvertToSurrogate(in Scope value) =>
        new() { Repository = value.Repository?.Value, Actions = (int)value.Actions };
}

[RegisterConverter]
internal sealed class SecretConverter : IConverter<Secret, SecretSurrogate>
{
    public Secret ConvertFromSurrogate(in SecretSurrogate surrogate) => new(surrogate.Value);

    public SecretSurrogate ConvertToSurrogate(in Secret value) => new() { Value = value.Reveal() };
}

[RegisterConverter]
internal sealed class ActionsConverter : IConverter<RepositoryActions, ActionsSurrogate>
{
    public RepositoryActions ConvertFromSurrogate(in ActionsSurrogate surrogate) => (RepositoryActions)surrogate.Bits;

    public ActionsSurrogate ConvertToSurrogate(in RepositoryActions value) => new() { Bits = (int)value };
}
