// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WillHeir} from "../libraries/WillLeaf.sol";

/// @notice Names a will: the testator's address in the upper 160 bits, the testator's own number in the lower 96.
type WillId is bytes32;

/// @notice Where a will stands.
/// @dev None → Sealed → Active ↔ Claimed → Released → Opened → Executed; Released → Lapsed; Sealed, Active → Revoked.
enum WillState {
    None,
    Sealed,
    Active,
    Claimed,
    Released,
    Opened,
    Executed,
    Lapsed,
    Revoked
}

/// @notice What the testator chooses for one version; fixed until the next version.
struct WillTerms {
    /// @notice Days without a heartbeat after which an executor may claim with a bond; 30 or more.
    uint16 intervalDays;
    /// @notice Veto window in days after a claim by registrars; 30 or more.
    uint16 quorumWindowDays;
    /// @notice Veto window in days after a claim without evidence; 180 or more.
    uint16 overdueWindowDays;
    /// @notice N, 1..16.
    uint8 heirs;
    /// @notice How many heirs must accept before the will is Active, 1..N.
    uint8 acceptances;
    /// @notice n, 1..16. One guardian alone is allowed and is one person's word.
    uint8 guardians;
    /// @notice t, 1..n.
    uint8 threshold;
    /// @notice How many registrars prove a death, 2..8.
    uint8 registrars;
    /// @notice Whether an escrowed share N+1 exists, so that N−1 heirs and `HeirLost` can open. Not with one heir.
    bool escrow;
    /// @notice Whether an heir who merely refuses may, after one objection and its delay, be treated as lost.
    bool refusalCounts;
}

/// @notice A signature by an account over a digest of this registry.
struct WillSignature {
    address signer;
    bytes signature;
}

/// @notice One heir's acceptance: the wallet's signature and the share's, over the same digest.
/// @dev Both in EIP-2098's form. `shareR` zero leaves this heir out of the batch; `walletR` zero says that the wallet is a
/// contract, whose ERC-1271 signature is the next one of `contractSignatures`.
struct WillAcceptance {
    bytes32 walletR;
    bytes32 walletVs;
    bytes32 shareR;
    bytes32 shareVs;
}

/// @notice A heartbeat signed by the testator.
struct WillBeat {
    WillId id;
    uint40 beatAt;
    bytes signature;
}

/// @title IWillRegistry
/// @notice Holds, for each will, one root of its manifest and where it stands, from sealing to opening. It holds no
/// secret: shares of guardians become public only after release, shares of heirs never.
interface IWillRegistry {
    // ------------------------------------------------------------------ events

    /// @notice A will was sealed as `version`. `manifest` is a convenience copy; the root is what counts.
    event WillSealed(WillId indexed id, uint16 indexed version, bytes29 manifestRoot, WillTerms terms, bytes manifest);
    /// @notice The manifest of `version` was also written to the chain's state, as the code of `pointer`.
    event WillManifestStored(WillId indexed id, uint16 indexed version, address pointer);
    /// @notice The heirs in `accepted` (bit i−1 for heir i) have accepted and proven that they hold their shares.
    event WillAccepted(WillId indexed id, uint16 indexed version, uint16 accepted);
    /// @notice Enough heirs have accepted.
    event WillActivated(WillId indexed id, uint16 indexed version);
    /// @notice The testator gave a sign of life at `beatAt`.
    event WillHeartbeat(WillId indexed id, uint40 beatAt);
    /// @notice A beat of a batch was left out: stale, early, not the testator's, or the will is claimed.
    event WillHeartbeatSkipped(WillId indexed id, uint40 beatAt);
    /// @notice Registrars certified a death.
    event WillDeathClaimed(
        WillId indexed id,
        uint16 indexed claim,
        bytes32 evidenceHash,
        uint40 timeOfDeath,
        uint40 windowEnd
    );
    /// @notice An executor claimed that the heartbeat is overdue, and left a bond.
    event WillOverdueClaimed(
        WillId indexed id,
        uint16 indexed claim,
        address indexed executor,
        uint256 bond,
        uint40 windowEnd
    );
    /// @notice Guardian `guardian` lengthened the window to `windowEnd`.
    event WillWindowExtended(WillId indexed id, uint8 indexed guardian, uint40 windowEnd);
    /// @notice The claim was vetoed; the testator lives.
    event WillVetoed(WillId indexed id, uint16 indexed claim, address indexed by);
    /// @notice `amount` can be withdrawn by `to`: a slashed or a returned bond.
    event WillBondCredited(WillId indexed id, address indexed to, uint256 amount);
    /// @notice `to` withdrew bonds.
    event WillBondWithdrawn(address indexed to, uint256 amount);
    /// @notice The window passed without a veto: guardians publish now, once the block is final.
    event WillReleased(WillId indexed id, uint16 indexed version);
    /// @notice Guardian `guardian` published its share.
    event WillSharePublished(WillId indexed id, uint8 indexed guardian, uint256 share);
    /// @notice `reporter` proved to hold the share of `guardian` before release. The share is not revealed.
    event WillLeakProven(WillId indexed id, uint8 indexed guardian, address indexed reporter);
    /// @notice The heirs opened the will; `commitment` is a salted hash of its text.
    event WillOpened(WillId indexed id, uint16 indexed version, bytes32 commitment);
    /// @notice The estate's last deadline has passed: Executed when the will had been opened, else Lapsed.
    event WillSettled(WillId indexed id, WillState state);
    /// @notice The testator revoked the will.
    event WillRevoked(WillId indexed id, uint16 indexed version);

    // ------------------------------------------------------------------ errors

    /// @notice The testator already has a will under this number.
    /// @dev Supersede it, or choose another number.
    error WillExists(WillId id);
    /// @notice Only the testator may do this.
    /// @dev Send it from the testator's account; the will's id begins with its address.
    error WillNotTestator(WillId id, address caller);
    /// @notice The will is not in a state in which this is possible.
    /// @dev Read `stateOf(id)`; the state machine is drawn in contracts/wills/README.md.
    error WillStateWrong(WillId id, WillState state);
    /// @notice A term lies outside the protocol's limits.
    /// @dev See the limits at WillTerms; windows are 30 and 180 days at least, one heir excludes escrow.
    error WillTermsInvalid(WillId id);
    /// @notice The manifest root is zero.
    /// @dev Compute the root from the manifest with the SDK's `manifestRoot`.
    error WillRootMissing();
    /// @notice What was given is not in the manifest of the current version.
    /// @dev Fetch the manifest of the current version and build the proof from it.
    error WillNotInManifest(WillId id);
    /// @notice The list has not as many entries as the terms say.
    /// @dev Pass all heirs or guardians in the manifest's order.
    error WillListLengthWrong(uint256 given, uint256 expected);
    /// @notice The wallet's signature is not valid for this digest.
    /// @dev Sign again for this chain, registry, will, version and root.
    error WillSignatureInvalid(WillId id, address signer);
    /// @notice The share's signature is not by the share the manifest names.
    /// @dev The dealer gave a wrong share, or the envelope of another version was opened.
    error WillShareSignatureInvalid(WillId id, address share);
    /// @notice No acceptance in the batch is new.
    /// @dev Read `progressOf(id)` and leave out who has accepted.
    error WillNothingToAccept(WillId id);
    /// @notice The beat is not later than the last one.
    /// @dev Sign a beat with the current time.
    error WillBeatNotLater(WillId id, uint40 beatAt, uint40 lastBeat);
    /// @notice The testator's heartbeat is not overdue yet.
    /// @dev Wait until `dueAt`, or bring registrars' evidence.
    error WillNotOverdue(WillId id, uint40 dueAt);
    /// @notice The bond is not exactly what a claim without evidence costs.
    /// @dev Send `CLAIM_BOND`.
    error WillBondWrong(uint256 sent, uint256 required);
    /// @notice Fewer signatures than the will asks for.
    /// @dev Collect the missing ones.
    error WillQuorumMissing(uint256 given, uint256 required);
    /// @notice The signers are not in ascending order, or one appears twice.
    /// @dev Sort by address (registrars) or by index (heirs).
    error WillSignersUnordered(address signer);
    /// @notice The account holds no valid registrar's credential.
    /// @dev Ask the registrar to renew the credential, or choose another registrar.
    error WillRegistrarInvalid(address registrar);
    /// @notice The certified time of death lies in the future.
    /// @dev Correct the certificate.
    error WillDeathInFuture(uint40 timeOfDeath);
    /// @notice The caller is not who the manifest names for this.
    /// @dev Send it from the account named in the manifest.
    error WillCallerNotNamed(WillId id, address caller);
    /// @notice The veto window is still open.
    /// @dev Wait until `windowEnd`.
    error WillWindowOpen(WillId id, uint40 windowEnd);
    /// @notice The veto window is over.
    /// @dev Nothing can be done in it any more; the will may be finalised.
    error WillWindowOver(WillId id, uint40 windowEnd);
    /// @notice This claim was lengthened as often as is allowed, or already by this guardian.
    /// @dev At most three guardians, each once a claim, may lengthen its window.
    error WillExtensionRefused(WillId id, uint8 guardian);
    /// @notice The index is not one of the will's.
    /// @dev Indices run from 1 to the number in the terms.
    error WillIndexInvalid(WillId id, uint8 index);
    /// @notice The guardian's share was proven to have leaked; it has no say any more.
    /// @dev The testator should seal a new version with other guardians.
    error WillGuardianDisabled(WillId id, uint8 guardian);
    /// @notice This share is published already.
    /// @dev Nothing to do; read it from the events.
    error WillShareAlreadyPublished(WillId id, uint8 guardian);
    /// @notice This leak is proven already.
    /// @dev Nothing to do.
    error WillLeakAlreadyProven(WillId id, uint8 guardian);
    /// @notice There is nothing to withdraw.
    /// @dev Bonds are credited at a veto or a release.
    error WillNothingToWithdraw(address account);
    /// @notice The receiver refused the bond.
    /// @dev Withdraw to another address.
    error WillTransferFailed(address to);
    /// @notice Only the will's own vault may report this.
    /// @dev Call the vault instead.
    error WillNotVault(WillId id, address caller);

    // ------------------------------------------------------------------ reads

    /// @notice Where the will stands now.
    function stateOf(WillId id) external view returns (WillState);

    /// @notice The current version (0 when there is none or the will was revoked) and its manifest root.
    function versionOf(WillId id) external view returns (uint16 version, bytes29 manifestRoot);

    /// @notice The terms of the current version.
    function termsOf(WillId id) external view returns (WillTerms memory);

    /// @notice When the testator last gave a sign of life, and the end of the veto window (0 without a claim).
    function clockOf(WillId id) external view returns (uint40 lastBeat, uint40 windowEnd);

    /// @notice Bitmaps, bit i−1 for index i: heirs who accepted, guardians whose share leaked, guardians who published.
    function progressOf(
        WillId id
    ) external view returns (uint16 accepted, uint16 leaked, uint16 published, uint16 claims);

    /// @notice The state, and the manifest root, in one slot: what vaults and guardians ask.
    function sealOf(WillId id) external view returns (bytes29 manifestRoot, WillState state);

    /// @notice The manifest as stored in the chain's state, when the testator chose that.
    function manifestOf(WillId id, uint16 version) external view returns (address pointer);

    /// @notice What `account` may withdraw.
    function creditOf(address account) external view returns (uint256);

    // ------------------------------------------------------------------ the testator

    /// @notice Seals a will under `number`. With `durable`, the manifest is kept in the chain's state as well.
    function create(
        uint96 number,
        WillTerms calldata terms,
        bytes29 manifestRoot,
        bytes calldata manifest,
        bool durable
    ) external returns (WillId id);

    /// @notice Replaces the will by a new version (a codicil, or a new deal after a leak); heirs accept anew.
    function supersede(
        WillId id,
        WillTerms calldata terms,
        bytes29 manifestRoot,
        bytes calldata manifest,
        bool durable
    ) external;

    /// @notice Ends the will for ever.
    function revoke(WillId id) external;

    /// @notice A sign of life; during a claim it is the veto.
    function heartbeat(WillId id) external;

    /// @notice Relayed signs of life of many testators. Those that do not fit are skipped, never the whole batch.
    function heartbeats(WillBeat[] calldata beats) external;

    /// @notice A sign of life implied by the testator's act in the vault.
    function heartbeatByVault(WillId id) external;

    // ------------------------------------------------------------------ heirs

    /// @notice Records acceptances. `heirs` are all heirs in order; `acceptances` has an entry for each.
    /// @param contractSignatures Signatures of those wallets that are contracts, in the heirs' order.
    function accept(
        WillId id,
        WillHeir[] calldata heirs,
        WillAcceptance[] calldata acceptances,
        bytes[] calldata contractSignatures,
        bytes32[] calldata proof
    ) external;

    /// @notice Commits to the text the heirs opened. All heirs sign, or all but one where an escrowed share exists.
    function open(
        WillId id,
        bytes32 commitment,
        WillHeir[] calldata heirs,
        bytes[] calldata signatures,
        bytes32[] calldata proof
    ) external;

    // ------------------------------------------------------------------ death

    /// @notice Claims a death on the word of as many credentialed registrars as the will asks for.
    function claimDeath(
        WillId id,
        bytes32 evidenceHash,
        uint40 timeOfDeath,
        WillSignature[] calldata registrars
    ) external;

    /// @notice An executor claims, with a bond, that the heartbeat is overdue.
    function claimOverdue(
        WillId id,
        address[] calldata executors,
        uint8 executorThreshold,
        bytes32[] calldata proof
    ) external payable;

    /// @notice The testator returns a claimed will to Active (or to Sealed); the claimant's bond goes to the testator.
    function veto(WillId id) external;

    /// @notice The same by the separate veto key, whose salted hash is in the manifest.
    function vetoByKey(WillId id, bytes32 salt, bytes32[] calldata proof) external;

    /// @notice The same by a signature of the testator's, relayed by anyone.
    function vetoBySignature(WillId id, bytes calldata signature) external;

    /// @notice A guardian lengthens the window by 30 days; at most three do, each once a claim.
    function extendWindow(WillId id, uint8 guardian, address[] calldata guardians, bytes32[] calldata proof) external;

    /// @notice Releases the will once the window has passed.
    function finalise(WillId id) external;

    // ------------------------------------------------------------------ guardians

    /// @notice Publishes a guardian's share after release. Anyone may send it; the share itself is the proof.
    function publishShare(WillId id, uint8 guardian, uint256 share, bytes32[] calldata proof) external;

    /// @notice Proves, before release, that the caller holds a guardian's share: the share signs the caller's address.
    function proveLeak(WillId id, uint8 guardian, bytes32 r, bytes32 vs, bytes32[] calldata proof) external;

    // ------------------------------------------------------------------ ends

    /// @notice The will's vault reports that its last deadline has passed.
    function settleByVault(WillId id) external;

    /// @notice Pays out what the caller was credited.
    function withdrawBond(address payable to) external;
}
