using System.Buffers;

namespace RegistryProxy.Protocol;

/// <summary>The character sets of the grammars.</summary>
internal static class Alphabets
{
    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    public static readonly SearchValues<char> LowerHex = SearchValues.Create(Digits + "abcdef");
    public static readonly SearchValues<char> Tag = SearchValues.Create(Lower + Upper + Digits + "_.-");
    public static readonly SearchValues<char> PatternComponent = SearchValues.Create(Lower + Digits + "._-*");
    public static readonly SearchValues<char> Base64Url = SearchValues.Create(Lower + Upper + Digits + "_-");

    /// <summary>token68 of RFC 9110 §11.2, without its padding.</summary>
    public static readonly SearchValues<char> Token68 = SearchValues.Create(Lower + Upper + Digits + "-._~+/");

    /// <summary>token of RFC 9110 §5.6.2, with the colon and slash that lenient servers put into unquoted values.</summary>
    public static readonly SearchValues<char> HeaderToken = SearchValues.Create(Lower + Upper + Digits + "!#$%&'*+-.^_`|~:/");
}
