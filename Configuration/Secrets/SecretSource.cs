using System.Collections;
using System.Text;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>
/// Where a secret comes from: a file, an environment variable or the configuration file itself. Files are read on every use.
/// </summary>
public abstract record SecretSource
{
    /// <summary>The longest secret file, in bytes.</summary>
    public const int MaxFileBytes = 64 * 1024;

    /// <summary>Reads the secret now.</summary>
    /// <exception cref="SecretUnavailableException">The file or the variable is missing or empty.</exception>
    public abstract Secret Read();

    /// <summary>Reads the secret now, as bytes; those of a file are taken as they are.</summary>
    /// <exception cref="SecretUnavailableException">The file or the variable is missing or empty.</exception>
    public virtual byte[] ReadBytes() => Encoding.UTF8.GetBytes(Read().Reveal());
}

/// <summary><c>{ file: PATH }</c>; one trailing line break is not part of the secret.</summary>
public sealed record FileSecret(string Path) : SecretSource
{
    public override Secret Read() => new(WithoutLineBreak(With(BoundedFile.ReadText)));

    public override byte[] ReadBytes() => With(BoundedFile.Read);

    private static string WithoutLineBreak(string text) => text switch
    {
        [.. var rest, '\r', '\n'] => rest,
        [.. var rest, '\n'] => rest,
        _ => text,
    };

    private T With<T>(Func<string, int, T> read)
        where T : IEnumerable
    {
        T content;
        try
        {
            content = read(Path, MaxFileBytes);
        }
        catch (FileNotFoundException)
        {
            throw new SecretUnavailableException("the secret file", Path, "is missing");
        }
        catch (IOException fault)
        {
            throw new SecretUnavailableException(
                "the secret file", Path, $"cannot be used: {fault.Message.Replace(Path, "it", StringComparison.Ordinal)}");
        }

        return content.GetEnumerator().MoveNext() ? content : throw new SecretUnavailableException("the secret file", Path, "is empty");
    }
}

/// <summary><c>{ env: NAME }</c></summary>
public sealed record EnvironmentSecret(string Name) : SecretSource
{
    public override Secret Read() =>
        Environment.GetEnvironmentVariable(Name) is { Length: > 0 } value
            ? new Secret(value)
            : throw new SecretUnavailableException("the environment variable", Name, "is not set or empty");
}

/// <summary><c>{ value: "…" }</c></summary>
public sealed record InlineSecret(Secret Value) : SecretSource
{
    public override Secret Read() => Value;
}

/// <summary>A secret cannot be had now; the message names where it should be, never what it is.</summary>
/// <param name="source">What it should come from, such as <c>the secret file</c>.</param>
/// <param name="name">The name of that, such as its path.</param>
/// <param name="reason">What is the matter with it.</param>
public sealed class SecretUnavailableException(string source, string name, string reason) : Exception($"{source} {name} {reason}")
{
    /// <summary>The message for those who may not know where the secret lies.</summary>
    public string WithoutName { get; } = $"{source} {reason}";

    /// <summary>Whether what it comes from can be read and says that there is none: then the former one is not meant any more.</summary>
    public bool IsWithdrawn { get; init; }
}
