// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WillId} from "./IWillRegistry.sol";

/// @notice How the estate is paid out, as the manifest commits to it (leaf PLAN, hash of the encoding).
/// @dev A number outside its limit is taken as the limit: a careless plan must not lock an estate for ever.
struct EstatePlan {
    /// @notice Root of the tree over the bequests: fractions, fixed sums and specific legacies.
    bytes32 bequestsRoot;
    /// @notice Hash of the table of fixed sums, an EstateFixedTotal for each asset that has any.
    bytes32 fixedTotalsHash;
    /// @notice keccak256 of the executors' packed addresses, in order.
    bytes32 executorsHash;
    /// @notice k of the executors release a payment; 0 when there are none.
    uint8 executorThreshold;
    /// @notice At most this part of an asset goes to executors as fees, of what there is when it is opened; ≤ 1,000 bps.
    uint16 feeCapBps;
    /// @notice At most this part of an asset goes to creditors, likewise; ≤ 10,000 bps.
    uint16 debtCapBps;
    /// @notice Days in which executors pay debts and fees; heirs are paid after them. ≤ 730.
    uint16 administrationDays;
    /// @notice Days an heir has to claim what has become due, before the substitute may. ≥ 180.
    uint16 claimDays;
    /// @notice Days the substitute has, before it falls to the residue. ≥ 30.
    uint16 substituteDays;
    /// @notice Days after which the residue may sweep what is left of any asset; ≥ the three above together.
    uint16 finalDays;
    /// @notice Who gets what lapses: a person or a charity. Zero: nothing ever lapses.
    address residue;
}

/// @notice The sum of all fixed legacies in one asset; they come before fractions and abate together.
struct EstateFixedTotal {
    address asset;
    uint128 total;
}

/// @notice One bequest. Which kind it is follows from `kind`.
struct Bequest {
    /// @notice 0 fraction, 1 fixed sum, 2 one ERC-721 token, 3 an amount of one ERC-1155 token.
    uint8 kind;
    /// @notice Number of the bequest, unique in the plan.
    uint16 index;
    /// @notice Who gets it.
    address heir;
    /// @notice Who gets it when the heir does not claim in time; zero for nobody.
    address substitute;
    /// @notice The asset; for fractions the zero address here means every asset.
    address asset;
    /// @notice Basis points of the rest (fraction), units (fixed sum, ERC-1155), unused for ERC-721.
    uint128 amount;
    /// @notice The token's id, for ERC-721 and ERC-1155.
    uint256 tokenId;
    /// @notice Nothing is paid before; unix seconds, 0 for at once.
    uint40 unlockAt;
    /// @notice Paid evenly from `unlockAt` to here; 0 for all at `unlockAt`.
    uint40 streamUntil;
}

/// @notice A payment the executors release: a debt or their fee.
struct EstatePayment {
    /// @notice False for a debt, true for a fee, which is capped.
    bool fee;
    address asset;
    address to;
    uint128 amount;
    /// @notice What it is for: a salted hash of the invoice.
    bytes32 invoice;
    uint256 deadline;
}

/// @title IEstateVault
/// @notice Holds a testator's assets: freely moved while the testator lives, paid out by the same will version after
/// release. Every payment to heirs is a pull; one heir, executor or token never holds up another.
interface IEstateVault {
    // ------------------------------------------------------------------ events

    /// @notice The testator moved assets out while alive.
    event EstateWithdrawn(address indexed asset, address indexed to, uint256 tokenId, uint256 amount);
    /// @notice The will is released and the estate is being settled by the plan of `version`.
    event EstateSettlementBegun(uint16 indexed version, bytes32 planHash, uint40 beganAt);
    /// @notice The fixed sums of `asset` are known; its claims are open.
    event EstateAssetOpened(address indexed asset, uint128 fixedTotal, uint128 feeCap, uint128 debtCap);
    /// @notice The executors declared the administration over: heirs are paid from now on.
    event EstateAssented(uint40 administrationEnd);
    /// @notice Executors released a debt payment or a fee.
    event EstatePaymentReleased(address indexed asset, address indexed to, uint256 amount, bool fee, bytes32 invoice);
    /// @notice Bequest `index` was paid, wholly or in part, to `to` (the heir, the substitute or the residue).
    event EstateBequestPaid(uint16 indexed index, address indexed asset, address indexed to, uint256 amount);
    /// @notice Token `tokenId` of bequest `index` was handed over.
    event EstateTokenPaid(
        uint16 indexed index,
        address indexed asset,
        address indexed to,
        uint256 tokenId,
        uint256 amount
    );
    /// @notice The heir of bequest `index` renounced it in favour of the substitute, or of the residue.
    event EstateBequestRenounced(uint16 indexed index, address indexed heir);
    /// @notice What was left of an asset after the last deadline went to the residue.
    event EstateResidueSwept(address indexed asset, uint256 tokenId, uint256 amount);

    // ------------------------------------------------------------------ errors

    /// @notice Only the testator may do this.
    /// @dev Send it from the testator's account.
    error EstateNotTestator(address caller);
    /// @notice The will is released: the testator has no say over the estate any more.
    /// @dev A living testator vetoes the claim before its window ends.
    error EstateClosed();
    /// @notice The will is not released.
    /// @dev Wait until the veto window has passed and somebody has called `finalise`.
    error EstateNotReleased();
    /// @notice The settlement has begun already.
    /// @dev Nothing to do.
    error EstateSettlementRunning();
    /// @notice The settlement has not begun.
    /// @dev Call `beginSettlement` with the plan of the released version.
    error EstateSettlementNotBegun();
    /// @notice The plan is not the one of the released version.
    /// @dev Take the plan from the manifest of the released version.
    error EstatePlanWrong(bytes32 planHash);
    /// @notice The asset is open already.
    /// @dev Nothing to do.
    error EstateAssetOpen(address asset);
    /// @notice The asset has not been opened.
    /// @dev Call `openAsset` with the table of fixed sums first.
    error EstateAssetNotOpen(address asset);
    /// @notice The table of fixed sums is not the plan's.
    /// @dev Take the table from the manifest.
    error EstateTableWrong();
    /// @notice Debts and fees may be paid until `until`; heirs are paid after it.
    /// @dev Wait until then.
    error EstateInAdministration(uint40 until);
    /// @notice The time for debts and fees is over.
    /// @dev Creditors turn to the heirs now.
    error EstateAdministrationOver(uint40 until);
    /// @notice The list of executors is not the plan's.
    /// @dev Pass all executors in the manifest's order.
    error EstateExecutorsWrong();
    /// @notice Fewer executors signed than the will asks for.
    /// @dev Collect the missing signatures.
    error EstateQuorumMissing(uint256 given, uint256 required);
    /// @notice The executor's signature is not valid for this payment, number, vault and chain.
    /// @dev Read `paymentNumber(asset)` and sign again.
    error EstateSignatureInvalid(address executor);
    /// @notice The executors are not in ascending order, or one signed twice.
    /// @dev Sort the signatures by the executor's index.
    error EstateSignersUnordered(uint8 index);
    /// @notice The payment's deadline has passed.
    /// @dev Sign again with a later deadline.
    error EstatePaymentExpired(uint256 deadline);
    /// @notice The payment would exceed the plan's cap of fees or of debts for this asset.
    /// @dev Lower it; `left` is what may still be taken.
    error EstateAboveCap(uint256 amount, uint256 left);
    /// @notice The bequest is not in the plan.
    /// @dev Build leaf and proof from the manifest of the released version.
    error EstateBequestUnknown(uint16 index);
    /// @notice The bequest is of another kind, or about another asset.
    /// @dev Use `claim` for fractions and fixed sums, `claimToken` for tokens.
    error EstateBequestKindWrong(uint8 kind);
    /// @notice The caller is not who may have this bequest now.
    /// @dev First the heir, after `claimDays` the substitute, then the residue. Anyone may claim to that very account.
    error EstateNotEntitled(address entitled, address caller);
    /// @notice Nothing is due now: all is paid, or still locked.
    /// @dev Come back after `unlockAt`, or when more has arrived.
    error EstateNothingDue(uint16 index);
    /// @notice The token was handed over already.
    /// @dev Nothing to do.
    error EstateTokenAlreadyPaid(uint16 index);
    /// @notice The last deadline has not passed yet.
    /// @dev Wait until `until`.
    error EstateNotFinal(uint40 until);
    /// @notice The plan names nobody for the residue, so nothing lapses.
    /// @dev Heirs and substitutes can still claim.
    error EstateWithoutResidue();
    /// @notice The receiver refused the ETH.
    /// @dev Claim to another address.
    error EstateTransferFailed(address to);

    // ------------------------------------------------------------------ reads

    /// @notice The will this vault belongs to.
    function will() external view returns (WillId);

    /// @notice When the settlement began (0: not yet), when administration ends, and the last deadline.
    function timesOf() external view returns (uint40 beganAt, uint40 administrationEnd, uint40 finalAt);

    /// @notice What bequest `index` was paid of `asset` so far.
    function paidOf(address asset, uint16 index) external view returns (uint128);

    /// @notice What of `asset` all bequests together were paid, its fixed sums, and what fees and debts may still take.
    function assetOf(
        address asset
    ) external view returns (bool isOpen, uint128 paid, uint128 fixedTotal, uint128 feeLeft, uint128 debtLeft);

    /// @notice The number the next payment in `asset` must be signed with.
    function paymentNumber(address asset) external view returns (uint32);

    /// @notice What `bequest` can be paid of `asset` now, ignoring who asks.
    function dueOf(Bequest calldata bequest, address asset) external view returns (uint256);

    /// @notice Who may have `bequest` now.
    function entitledTo(Bequest calldata bequest) external view returns (address);

    // ------------------------------------------------------------------ the testator

    /// @notice Moves ETH (asset zero) or an ERC-20 out. Counts as a heartbeat.
    function withdraw(address asset, address to, uint256 amount) external;

    /// @notice Moves an ERC-721 token out. Counts as a heartbeat.
    function withdrawNft(address asset, address to, uint256 tokenId) external;

    /// @notice Moves ERC-1155 tokens out. Counts as a heartbeat.
    function withdrawMulti(address asset, address to, uint256 tokenId, uint256 amount) external;

    // ------------------------------------------------------------------ settlement

    /// @notice Begins the settlement by the plan of the released version. Anyone may call.
    function beginSettlement(EstatePlan calldata plan, bytes32[] calldata proof) external;

    /// @notice Looks at an asset for the first time: notes its fixed sums and the cap of fees. Anyone may call.
    function openAsset(address asset, EstateFixedTotal[] calldata table) external;

    /// @notice Pays a debt or a fee on the signatures of k executors, in one transaction.
    /// @param executors All executors in order.
    /// @param indices Which of them signed, ascending.
    function release(
        EstatePayment calldata payment,
        address[] calldata executors,
        uint8[] calldata indices,
        bytes[] calldata signatures
    ) external;

    /// @notice The same k executors end the administration early.
    function assent(
        uint256 deadline,
        address[] calldata executors,
        uint8[] calldata indices,
        bytes[] calldata signatures
    ) external;

    /// @notice Pays what is due of a fraction or a fixed sum. Who is entitled now chooses `to`; anyone else may only have
    /// it sent to the entitled account itself.
    function claim(Bequest calldata bequest, address asset, address to, bytes32[] calldata proof) external;

    /// @notice Hands over a specific legacy, under the same rule.
    function claimToken(Bequest calldata bequest, address to, bytes32[] calldata proof) external;

    /// @notice The heir renounces: the substitute, or the residue, may claim at once.
    function renounce(Bequest calldata bequest, bytes32[] calldata proof) external;

    /// @notice After the last deadline, sends what is left of ETH or an ERC-20 to the residue. Anyone may call.
    function sweep(address asset) external;

    /// @notice After the last deadline, sends an ERC-721 (amount 0) or ERC-1155 token to the residue. Anyone may call.
    function sweepToken(address asset, uint256 tokenId, uint256 amount) external;

    /// @notice After the last deadline, tells the registry that the estate is settled. Anyone may call.
    function close() external;
}
