using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>What a front door or a proof gave, or why it gave nothing.</summary>
/// <typeparam name="T">What it gives.</typeparam>
internal readonly struct Outcome<T>
    where T : class
{
    private readonly T? _value;
    private readonly RegistryFailure? _failure;

    private Outcome(T? value, RegistryFailure? failure) => (_value, _failure) = (value, failure);

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(RegistryFailure failure) => new(null, failure);

    /// <summary>Whether it gave something; exactly one of the two is set.</summary>
    public bool Succeeded([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out RegistryFailure? failure)
    {
        (value, failure) = (_value, _failure);
        return _value is not null;
    }
}
