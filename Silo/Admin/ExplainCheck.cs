using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>check --explain</c>: the answer of <c>/admin/explain</c> from the file alone. The question is a query as there
/// (<c>--explain "tenant=acme&amp;subject=alice&amp;repository=a/b&amp;action=pull"</c>), options of their own, or both.
/// </summary>
public sealed class ExplainCheck : ICheckStep
{
    private static readonly string[] Fields = ["tenant", "authenticator", "subject", "groups", "repository", "action"];

    private readonly Option<string?> _explain = new("--explain")
    {
        Description = "Says which access rule decides, and why: the fields of /admin/explain as a query string, or the options below",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Dictionary<string, Option<string?>> _fields =
        Fields.ToDictionary(field => field, field => new Option<string?>($"--{field}") { Description = $"For --explain: the {field}" });

    private readonly Option<string[]> _claims = new("--claim") { Description = "For --explain: NAME=VALUE, may be repeated" };

    public IEnumerable<Option> Options => [_explain, .. _fields.Values, _claims];

    public async Task<bool> Run(ParseResult arguments, FrontDoorConfiguration configuration, CancellationToken cancellation)
    {
        if (arguments.GetResult(_explain) is null)
        {
            return true;
        }

        if (!AccessQuestionReader.TryRead(Read(arguments), out var question, out var problem))
        {
            await Console.Error.WriteLineAsync($"--explain: {problem}");
            return false;
        }

        using var inquiry = AccessInquiry.Of(configuration);
        if (await inquiry.Query(configuration, question, cancellation) is not { } answer)
        {
            await Console.Error.WriteLineAsync(
                $"--explain: there is no tenant '{question.Tenant}'{Suggestion.For(question.Tenant, configuration.Tenants.Keys)}");
            return false;
        }

        Console.WriteLine($"{(answer.Allowed ? "allowed" : "denied")}: {answer.Reason}");
        if (question.Action != RepositoryActions.Catalog)
        {
            Console.WriteLine($"route: {answer.Route ?? "none leads there"}");
        }

        if (answer.Subject is not null)
        {
            Console.WriteLine(
                $"subject: {answer.Subject} of '{answer.Authenticator}', groups: " +
                $"{(answer.Groups is { Count: > 0 } groups ? string.Join(", ", groups) : "none")}");
        }

        if (answer.Lacks is { } lacks)
        {
            Console.WriteLine($"not known: {lacks}");
        }

        return answer.Allowed && (answer.Route is not null || question.Action == RepositoryActions.Catalog);
    }

    private Dictionary<string, string> Read(ParseResult arguments)
    {
        var pairs = (arguments.GetValue(_explain) ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Concat((arguments.GetValue(_claims) ?? []).Select(claim => $"claim.{claim}"))
            .Select(pair => pair.Split('=', 2));
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            fields[pair[0]] = pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : "";
        }

        foreach (var (name, option) in _fields)
        {
            if (arguments.GetValue(option) is { } value)
            {
                fields[name] = value;
            }
        }

        return fields;
    }
}
