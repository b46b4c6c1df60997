// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What residents say about a device.
enum ResidentSubject {
    Fault,
    Fixed
}

/// @notice A dispute about one repair, or its inspection.
struct Dispute {
    /// @notice Zero: an inspection, which has no bond.
    address plaintiff;
    address community;
    /// @notice From this block on the panel can be drawn.
    uint40 drawFrom;
    /// @notice Until then the panel votes, unix seconds.
    uint40 voteUntil;
    uint8 votesFor;
    uint8 votesAgainst;
    bool drawn;
    bool paid;
    address[3] panel;
}

/// @title IResidentForum
/// @notice The residents of a community: what they report, what they confirm, and how they judge a repair.
/// @dev A community is the account of its owners' assembly, the owner of the devices.
interface IResidentForum {
    event ResidentEnrolled(address indexed community, address indexed resident, uint32 index);
    event ResidentStruck(address indexed community, address indexed resident);
    event ResidentSaid(uint32 indexed device, ResidentSubject indexed subject, address indexed resident, uint16 count);
    event ResidentsAgreed(uint32 indexed device, ResidentSubject indexed subject);
    event DisputeOpened(bytes32 indexed id, address indexed community, address indexed plaintiff);
    event RepairNominated(bytes32 indexed id, uint40 drawBlock);
    event InspectionOpened(bytes32 indexed id, address indexed community);
    event PanelDrawn(bytes32 indexed id, address[3] panel);
    event PanelVoted(bytes32 indexed id, address indexed member, bool uphold);
    event DisputeBondPaid(bytes32 indexed id, address indexed to, uint256 amount);

    /// @notice The account is no resident of this community, or is one already.
    /// @dev Have the community issue the resident's credential, then enrol once.
    error ForumNotResident(address community, address account);
    /// @notice The resident's credential is still valid.
    /// @dev Only who has lost the credential can be struck off the roll.
    error ForumStillResident(address community, address account);
    /// @notice This resident already said so in this round.
    /// @dev Others must confirm; a new round begins a day after the first word.
    error ForumAlreadySaid(uint32 device, address resident);
    /// @notice The bond sent is not the bond asked for, or the dispute exists.
    /// @dev Send exactly the amount given, once.
    error ForumDisputeRefused(uint256 sent, uint256 needed);
    /// @notice This repair was nominated for inspection before.
    /// @dev Nothing to do: there is one lot for a repair.
    error ForumNominatedBefore(bytes32 id);
    /// @notice The lot did not choose this repair for inspection, is not known yet, or is known no more.
    /// @dev Nominate the repair, wait for the block given, and open the inspection within 256 blocks of it.
    error ForumNotChosen(bytes32 id, uint40 drawBlock);
    /// @notice The panel cannot be drawn now.
    /// @dev Wait for the block given; a panel is drawn once.
    error ForumDrawNotReady(bytes32 id, uint40 drawFrom);
    /// @notice The caller has no vote here, has voted, or the vote is over.
    /// @dev Only drawn members vote, once, before the deadline.
    error ForumNoVote(bytes32 id, address caller);
    /// @notice The dispute is undecided, or its bond was paid.
    /// @dev Wait for the verdict.
    error ForumBondNotDue(bytes32 id);
    /// @notice The recipient refused the bond.
    /// @dev Make the account accept ETH and try again.
    error ForumPaymentFailed(address to);

    /// @notice Bond of a dispute, wei.
    function disputeBond() external view returns (uint256);

    /// @notice Whether an account is an enrolled resident with a valid credential.
    function isResident(address community, address account) external view returns (bool);

    /// @notice When enough residents last agreed about a device, unix seconds; 0: never.
    function agreedAt(uint32 device, ResidentSubject subject) external view returns (uint40);

    /// @notice Whether a dispute is decided, and for whom.
    function verdictOf(bytes32 id) external view returns (bool decided, bool upheld);

    /// @notice What the lot says of a nominated repair: whether it fell, and whether it chose the repair for inspection.
    function lotOf(bytes32 id) external view returns (bool known, bool chosen);

    /// @notice Identifier of a dispute brought by the contract `court` under `reference_`.
    function disputeId(address court, bytes32 reference_) external pure returns (bytes32);

    /// @notice Opens a dispute with its bond; called by the contract that will ask for the verdict.
    function openDispute(
        bytes32 reference_,
        address community,
        address plaintiff
    ) external payable returns (bytes32 id);

    /// @notice Lets the lot decide whether a repair is inspected; called by the contract that will ask for the verdict.
    function nominate(bytes32 reference_) external returns (bytes32 id);

    /// @notice Opens the inspection of a repair that the lot chose: a panel judges it, and nobody needs a bond.
    function openInspection(bytes32 reference_, address community) external returns (bytes32 id);
}
