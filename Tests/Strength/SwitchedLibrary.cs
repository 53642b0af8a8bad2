using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RegistryProxy.Tests.Strength;

/// <summary>
/// A library that holds many mutations, of which the environment switches one on: each changed member has its body once for every
/// mutation of it, and as it was.
/// </summary>
internal static class SwitchedLibrary
{
    /// <summary>The variable that names the mutation.</summary>
    public const string Variable = "REGISTRYPROXY_MUTATION";

    private const string Switch = $$"""
        internal static class ActiveMutation
        {
            public static readonly int Number = int.Parse(System.Environment.GetEnvironmentVariable("{{Variable}}") ?? "-1");
        }
        """;

    /// <summary>Compiles it.</summary>
    public static byte[] Compile(ProjectCompilation project, IEnumerable<NumberedMutation> mutations) => project.Compile(
        mutations.GroupBy(mutation => (mutation.Mutation.File, Body: mutation.Body!))
            .Select(body => (body.Key.File, new TextChange(body.Key.Body.FullSpan, Choice(body.Key.Body, body)))),
        Switch);

    /// <summary>Compiles a library with one mutation alone.</summary>
    public static byte[] Compile(ProjectCompilation project, Mutation mutation) =>
        project.Compile([(mutation.File, mutation.Change)], Switch);

    /// <summary>
    /// What is chosen among for a place: the body of the outermost member around it, the arrow and its expression, or what a field begins
    /// with when it is a call.
    /// </summary>
    public static SyntaxNode? BodyAround(SyntaxTree tree, TextSpan span) => tree.GetRoot().FindNode(span).AncestorsAndSelf()
        .Where(node => node.Span.Contains(span)).LastOrDefault(node => node switch
        {
            BlockSyntax => node.Parent is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax,
            ArrowExpressionClauseSyntax => node.Parent is MemberDeclarationSyntax or AccessorDeclarationSyntax,
            InvocationExpressionSyntax => node.Parent is EqualsValueClauseSyntax { Parent.Parent.Parent: FieldDeclarationSyntax },
            _ => false,
        });

    private static string Choice(SyntaxNode body, IEnumerable<NumberedMutation> mutations)
    {
        if (body is InvocationExpressionSyntax)
        {
            return string.Concat(mutations.Select(
                mutation => $"ActiveMutation.Number == {mutation.Number} ? {Code(body, mutation.Mutation.Change)} : ")) + body;
        }

        var choice = string.Concat(mutations.Select(
            mutation => $"if (ActiveMutation.Number == {mutation.Number}) {Block(body, mutation.Mutation.Change)} else "))
            + Block(body, null);
        var semicolon = body is ArrowExpressionClauseSyntax ? " //" : "";
        return body.Parent is PropertyDeclarationSyntax or IndexerDeclarationSyntax ? $"{{ get {{ {choice} }} }}{semicolon}"
            : $"{{ {choice} }}{semicolon}";
    }

    private static string Block(SyntaxNode body, TextChange? change)
    {
        var inner = body is ArrowExpressionClauseSyntax arrow ? arrow.Expression : body;
        var code = change is { } one ? Code(inner, one) : inner.ToString();
        return inner is BlockSyntax ? code : IsStatement(body.Parent!, inner) ? $"{{ {code}; }}" : $"{{ return {code}; }}";
    }

    private static string Code(SyntaxNode node, TextChange change) => node.SyntaxTree.GetText().WithChanges(change)
        .ToString(TextSpan.FromBounds(node.SpanStart, node.Span.End + change.NewText!.Length - change.Span.Length));

    private static bool IsStatement(SyntaxNode member, SyntaxNode expression) => expression is ThrowExpressionSyntax || member switch
    {
        MethodDeclarationSyntax method => method.ReturnType.ToString() == "void"
            || (method.ReturnType.ToString() is "Task" or "ValueTask" && method.Modifiers.Any(SyntaxKind.AsyncKeyword)),
        AccessorDeclarationSyntax accessor => !accessor.IsKind(SyntaxKind.GetAccessorDeclaration),
        ConstructorDeclarationSyntax => true,
        _ => false,
    };
}
