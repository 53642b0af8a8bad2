namespace RegistryProxy.Tests.Support;

/// <summary>What stands where a number should: none, or one at or beyond the end of whatever it is read as.</summary>
internal static class OddNumbers
{
    public static string[] All =>
    [
        "0", "-0", "-1", "+5", "007", "1.5", "1e9", "1e400", "0x10", "", " 7 ", "1 2", "1,2", "NaN", "Infinity", "\u00b2", "2147483647",
        "2147483648", "-2147483648",
        "4294967295", "4294967296", "99999999999", "253402300799", "253402300800", "999999999999", "253402300799999", "9007199254740993",
        "9223372036854775806", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
        "18446744073709551616",
        new('9', 400),
    ];
}
