/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type ApproveEntryInput = {
  id: string;
  /** Made by the client, unique per intended effect: sent again within 7 days, it gives the first answer and no second effect. */
  idempotencyKey: string;
  /** The revision last seen. If given and no longer current, the command is refused. */
  revision?: number | null | undefined;
};

export type AskedQuestionInput = {
  code: string;
  comment?: FreeTextInput | null | undefined;
  fileIds?: Array<string>;
};

export type CompanyInput = {
  name: string;
  registrationNumber?: string | null | undefined;
};

export type CreateRequestInput = {
  draft: RequestDraftInput;
  /** Made by the client, unique per intended effect: sent again within 7 days, it gives the first answer and no second effect. */
  idempotencyKey: string;
  /** The revision last seen. If given and no longer current, the command is refused. */
  revision?: number | null | undefined;
};

/** Which translation engines may see a text. */
export type DataClass =
  | 'INTERNAL'
  | 'PERSONAL'
  | 'PUBLIC'
  | 'SPECIAL_CATEGORY';

export type DocumentInput = {
  reference?: string | null | undefined;
  title: string;
};

/** Where an entry stands. */
export type EntryStatus =
  | 'ARCHIVED'
  | 'DELETED'
  | 'DRAFT'
  | 'EXPIRED'
  | 'PENDING_APPROVAL'
  | 'PUBLISHED'
  | 'UPDATE_PENDING'
  | 'WITHDRAWN';

export type FreeTextInput = {
  /** Taken as PERSONAL if absent. */
  dataClass?: DataClass | null | undefined;
  /** The language it is written in. */
  language: Language;
  text: string;
};

/** What an inbox entry tells. */
export type InboxEntryKind =
  | 'AMENDED'
  | 'APPEAL_NOTED'
  | 'BROADCAST'
  | 'CLOSED'
  | 'CLOSURE_PROPOSED'
  | 'CLOSURE_REJECTED'
  | 'COMMENTED'
  | 'CORRECTED'
  | 'DISSEMINATED'
  | 'ESCALATED'
  | 'EXPIRED'
  | 'INFORMATION'
  | 'INFORMATION_PROPOSED'
  | 'INFORMATION_REJECTED'
  | 'MODIFIED'
  | 'OBJECTED'
  | 'OBJECTION_WITHDRAWN'
  | 'RETURNED'
  | 'REVOKED'
  | 'SUBMITTED'
  | 'WITHDRAWN';

/** The 24 official languages of the Union, Icelandic (IS) and Norwegian Bokmål (NB). */
export type Language =
  | 'BG'
  | 'CS'
  | 'DA'
  | 'DE'
  | 'EL'
  | 'EN'
  | 'ES'
  | 'ET'
  | 'FI'
  | 'FR'
  | 'GA'
  | 'HR'
  | 'HU'
  | 'IS'
  | 'IT'
  | 'LT'
  | 'LV'
  | 'MT'
  | 'NB'
  | 'NL'
  | 'PL'
  | 'PT'
  | 'RO'
  | 'SK'
  | 'SL'
  | 'SV';

export type PersonInput = {
  birthDate?: string | null | undefined;
  familyName: string;
  givenName: string;
};

export type RequestDraftInput = {
  desiredDate?: string | null | undefined;
  fileIds?: Array<string>;
  justification?: FreeTextInput | null | undefined;
  questionSetId: string;
  questions?: Array<AskedQuestionInput>;
  responderId?: string | null | undefined;
  subject?: SubjectInput | null | undefined;
  /** Where the law of the area knows urgent requests. */
  urgent?: boolean;
  /** Why it cannot wait. */
  urgentReason?: FreeTextInput | null | undefined;
};

/** Where a request stands. */
export type RequestStatus =
  | 'ACCEPTED'
  | 'ANSWERED'
  | 'ANSWERED_FINAL'
  | 'BLOCKED'
  | 'CLOSED'
  | 'DELETED'
  | 'DRAFT'
  | 'MORE_INFO_REFUSED'
  | 'MORE_INFO_REQUESTED'
  | 'PENDING_REPLY_APPROVAL'
  | 'PENDING_SEND_APPROVAL'
  | 'REFERRED'
  | 'SENT'
  | 'WITHDRAWN';

export type SubjectInput =
  {   company: CompanyInput; document?: never; person?: never; }
  |  { company?: never;   document: DocumentInput; person?: never; }
  |  { company?: never; document?: never;   person: PersonInput; };

export type AlertStreamSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  language?: Language | null | undefined;
}>;


export type AlertStreamSubscription = { alertStream: { cursor: string, entry: { id: string, kind: InboxEntryKind, at: string | null, alert: { id: string } | null } | null } };

export type PendingEntriesQueryVariables = Exact<{
  repository: string;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type PendingEntriesQuery = { pendingEntries: { edges: Array<{ cursor: string, node: { id: string, revision: number, draft: { number: number, values: Array<{ field: { code: string, label: string }, value: { link: string | null, number: string | null, date: string | null, text: { original: string, language: Language } | null, choices: Array<{ code: string, label: string }> | null } }> } | null } }> } };

export type ApproveEntryMutationVariables = Exact<{
  input: ApproveEntryInput;
}>;


export type ApproveEntryMutation = { approveEntry: { entry: { id: string, revision: number, status: EntryStatus } } };

export type CreateRequestMutationVariables = Exact<{
  input: CreateRequestInput;
}>;


export type CreateRequestMutation = { createRequest: { request: { id: string, status: RequestStatus, files: Array<{ id: string, name: string }> } } };

export type SearchAuthoritiesQueryVariables = Exact<{
  text: string;
  language?: Language | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type SearchAuthoritiesQuery = { searchAuthorities: { edges: Array<{ node: { id: string, name: string, country: { code: string, name: string } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { id: string, name: string, authority: { id: string, name: string } | null } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const AlertStreamDocument = new TypedDocumentString(`
    subscription AlertStream($after: String, $language: Language) {
  alertStream(after: $after, language: $language) {
    cursor
    entry {
      id
      kind
      at
      alert {
        id
      }
    }
  }
}
    `) as unknown as TypedDocumentString<AlertStreamSubscription, AlertStreamSubscriptionVariables>;
export const PendingEntriesDocument = new TypedDocumentString(`
    query PendingEntries($repository: ID!, $first: Int, $after: String) {
  pendingEntries(repository: $repository, first: $first, after: $after) {
    edges {
      cursor
      node {
        id
        revision
        draft {
          number
          values {
            field {
              code
              label
            }
            value {
              text {
                original
                language
              }
              link
              number
              date
              choices {
                code
                label
              }
            }
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PendingEntriesQuery, PendingEntriesQueryVariables>;
export const ApproveEntryDocument = new TypedDocumentString(`
    mutation ApproveEntry($input: ApproveEntryInput!) {
  approveEntry(input: $input) {
    entry {
      id
      revision
      status
    }
  }
}
    `) as unknown as TypedDocumentString<ApproveEntryMutation, ApproveEntryMutationVariables>;
export const CreateRequestDocument = new TypedDocumentString(`
    mutation CreateRequest($input: CreateRequestInput!) {
  createRequest(input: $input) {
    request {
      id
      status
      files {
        id
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CreateRequestMutation, CreateRequestMutationVariables>;
export const SearchAuthoritiesDocument = new TypedDocumentString(`
    query SearchAuthorities($text: String!, $language: Language, $first: Int, $after: String) {
  searchAuthorities(
    text: $text
    language: $language
    first: $first
    after: $after
  ) {
    edges {
      node {
        id
        name
        country {
          code
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<SearchAuthoritiesQuery, SearchAuthoritiesQueryVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    id
    name
    authority {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;